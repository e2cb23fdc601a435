"""What reviewers read in a pull request."""

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from pipe.models.changes import Keep, SetAdminOnly, Update
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError
from pipe.models.results import (
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    planned,
)
from pipe.reports.markdown import code, code_block, escape, render
from pipe.reports.presentation import About, present
from pipe.settings.pipelines import PipelineContext
from tests.support.results import ABOUT
from tests.support.values import FAILURE, SHOP, env
from tests.unit.reports.samples import DELETION, view
from tests.unit.reports.test_junit import CHECK

KEEP = planned(Keep(name="Test", existing=env("Test")))


def lock(name: str) -> EnvironmentResult:
    return planned(Update(existing=env(name), changes=(SetAdminOnly(before=False, after=True),)))


LOCK = lock("Live")


def many(number: int, mode: Mode = Mode.PLAN) -> RunResult:
    return RunResult(
        mode=mode,
        repositories=tuple(
            RepositoryResult(
                repository=Repository("acme", f"svc-{index}"),
                environments=(KEEP, LOCK) if index % 2 else (KEEP,),
            )
            for index in range(number)
        ),
        counts=Counts(total=number, reads=number),
        seconds=1,
        plan_checksum="sha256:0",
    )


def test_one_repository_in_full() -> None:
    assert (
        render(view(CHECK))
        == """\
### ✖ Bitbucket Environment: refused

**Plan: 0 to create, 1 to change, 0 to delete, 1 unchanged, 1 refused**

Refused: 1 environment differs, 1 refused, 1 unchanged; 1 request, no retries, 1.5 s

✔ `Test`: unchanged

✖ **`Production`**: drifted, would be updated

```diff
~ admin_only  false → true
```

✖ **`Old`**: refused, nothing was written to it

> ✖ **It.**  \n> Why: Because.  \n> What to do: Do.

`check` · [Pipeline 42](https://bitbucket.org/acme/infra/pipelines/results/42)
"""
    )


def test_what_repositories_have_in_common_is_shown_once() -> None:
    text = render(present(many(50), About(at=ABOUT.at, context=PipelineContext())))
    assert text.count("admin_only") == 1
    assert "✔ 25 repositories unchanged" in text
    assert "In `acme/svc-1`, `acme/svc-3`," in text
    assert "`acme/svc-39` and 5 more" in text
    assert text.endswith("\n`plan` · plan checksum `sha256:0`\n")


def test_the_problem_of_a_repository_among_several_is_shown() -> None:
    failed = tuple(
        RepositoryResult(repository=Repository("acme", slug), problem=FAILURE) for slug in "ab"
    )
    text = render(view(replace(CHECK, repositories=failed)))
    assert "> ✖ **It.**" in text
    assert "repositories unchanged" not in text


def test_the_same_problem_is_shown_once_in_one_repository() -> None:
    both = replace(LOCK, problem=FAILURE, outcome=Outcome.FAILED)
    one = RepositoryResult(
        repository=SHOP, environments=(both, both), problem=None, pipelines=Outcome.PLANNED
    )
    text = render(view(replace(CHECK, repositories=(one,), mode=Mode.PLAN)))
    assert text.count("**It.**") == 1
    assert "`~` **`Pipelines`**: would be enabled" in text
    known = replace(one, problem=FAILURE)
    assert render(view(replace(CHECK, repositories=(known,)))).count("**It.**") == 1


def test_deletions_are_marked_and_every_lost_variable_is_named() -> None:
    text = render(view(replace(CHECK, mode=Mode.PLAN, repositories=(DELETION,))))
    assert (
        """
`-` **`Old`**: would be deleted (declared absent)

```diff
- variables.API_URL      https://api.acme.example
- variables.DB_PASSWORD  secured value
```
"""
        in text
    )


def test_configuration_errors_and_repositories_not_started() -> None:
    run = replace(
        CHECK,
        repositories=(),
        config_errors=(ConfigError("A|B", "is <wrong>"),),
        problems=(FAILURE,),
        remaining=(SHOP,),
    )
    text = render(view(run))
    assert "- `A|B`: is &#60;wrong&#62;" in text
    assert "> ✖ **It.**" in text
    assert "Not started: `acme/shop`" in text


@pytest.mark.parametrize("limit", [1000, 1200, 2000])
def test_blocks_that_do_not_fit_are_omitted(limit: int) -> None:
    run = replace(
        many(1),
        repositories=(
            RepositoryResult(
                repository=SHOP,
                environments=tuple(lock(f"E{number}") for number in range(40)),
            ),
        ),
    )
    text = render(view(run), limit)
    assert len(text) <= limit
    assert "parts omitted for length; the log has everything." in text
    assert "### ✔ Bitbucket Environment" in text
    assert text.rstrip().endswith("plan checksum `sha256:0`")


@pytest.mark.parametrize("text", ["a", "`", "``", "`a`", " ", "a`b``c", "a|b", "<b>"])
def test_code_shows_a_text_as_it_is(text: str) -> None:
    html = MarkdownIt("commonmark").renderInline(code(text))
    shown = html.removeprefix("<code>").removesuffix("</code>")
    assert shown.replace("&lt;", "<").replace("&gt;", ">").strip() == text.strip()


def test_a_block_holds_even_fences() -> None:
    html = MarkdownIt("commonmark").render(code_block(["```", "````", "# a"]))
    assert html == "<pre><code>```\n````\n# a\n</code></pre>\n"


@pytest.mark.parametrize("text", ["*a* _b_ [c](d) `e` <f> &amp; ~~g~~ @h {i} |j| \\k", "![x](y)"])
def test_escaped_text_is_only_text(text: str) -> None:
    html = MarkdownIt("commonmark").enable("strikethrough").renderInline(escape(text))
    plain = html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert plain == text
