"""The web page as text."""

import re
from base64 import b64encode
from hashlib import sha256

from msgspec.structs import replace

from pipe.models.changes import SetAdminOnly, Update
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError
from pipe.models.results import ChangeResult, EnvironmentResult, Mode, Outcome, RepositoryResult
from pipe.reports.html import render
from pipe.reports.presentation import About, present
from pipe.settings.pipelines import PipelineContext
from tests.support.results import ABOUT
from tests.support.values import FAILURE, SHOP, env
from tests.unit.reports.samples import DELETION, drift, fleet, view
from tests.unit.reports.test_junit import CHECK


def test_the_page_loads_nothing_and_runs_only_its_script() -> None:
    page = render(view(fleet(3)))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*\"?(http[^\"]*)", page) == [ABOUT.pipeline_url]


def test_problems_of_the_run_and_repositories_not_started_are_shown() -> None:
    run = replace(
        fleet(2),
        problems=(FAILURE,),
        config_errors=(ConfigError("MODE", "is <wrong>"), ConfigError("STATE", "is wrong")),
        remaining=(Repository("acme", "api"),),
    )
    page = render(present(run, About(at=ABOUT.at, context=PipelineContext())))
    for words in ("It.", "Why: Because.", "2 configuration errors", "is &lt;wrong&gt;"):
        assert words in page
    assert "not started" in page
    assert "pipeline" not in page.partition("</header>")[0].partition("<header>")[2]


def test_a_run_without_repositories_has_no_table() -> None:
    page = render(
        view(replace(CHECK, repositories=(), config_errors=(ConfigError("MODE", "is wrong"),)))
    )
    assert "<table" not in page
    assert "<script" not in page


def test_problems_and_pipelines_are_shown() -> None:
    broken = RepositoryResult(repository=SHOP, problem=FAILURE, pipelines=Outcome.FAILED)
    for run in (
        replace(CHECK, repositories=(broken,)),
        replace(CHECK, repositories=(broken, *fleet(1).repositories)),
    ):
        page = render(view(run))
        assert "Why: Because." in page
        assert "Pipelines" in page
    twice = replace(drift("Live"), problem=FAILURE, outcome=Outcome.FAILED)
    failed = replace(broken, problem=None, environments=(twice,))
    assert "It." in render(view(replace(CHECK, repositories=(failed,))))


def test_what_became_of_a_change_stands_behind_it() -> None:
    change = SetAdminOnly(before=False, after=True)
    failed = EnvironmentResult(
        plan=Update(existing=env("Live"), changes=(change,)),
        outcome=Outcome.FAILED,
        changes=(ChangeResult(change=change, outcome=Outcome.FAILED),),
    )
    one = RepositoryResult(repository=SHOP, environments=(failed,))
    page = render(view(replace(CHECK, repositories=(one,))))
    assert 'false → true <span class="note">(failed)</span>' in page


def test_rare_names_share_a_column() -> None:
    page = render(view(fleet(2, *(f"feature-{number}" for number in range(9)))))
    assert page.count('role="columnheader"') == 1 + 5 + 1
    assert ">Others<" in page
    assert "feature-8: " in page


def test_states_are_readable_without_colour() -> None:
    page = render(view(CHECK))
    assert re.findall(r'aria-hidden="true">(.)</span> (\w+)', page) == [
        ("✔", "unchanged"),
        ("✖", "drifted"),
        ("✖", "refused"),
    ]
    assert render(view(replace(CHECK, mode=Mode.PLAN))).count(">~</span> to change") == 1


def test_deletions_have_a_red_badge_and_name_every_lost_variable() -> None:
    page = render(view(replace(CHECK, mode=Mode.PLAN, repositories=(DELETION,))))
    assert '<span class="lost">1 to delete</span>, 0 unchanged' in page
    assert '<td class="lost"' in page
    assert "<dt>-\N{NO-BREAK SPACE}variables.DB_PASSWORD</dt>" in page
    assert '<span class="">0 to delete' not in render(view(CHECK))


def test_a_missing_environment_is_a_faint_dash() -> None:
    page = render(view(fleet(2, "Staging")))
    assert page.count('<span title="none">\N{EN DASH}</span>') == 1
