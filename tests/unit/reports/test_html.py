"""The web page, also in a real browser."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipe.models.changes import CreateVariable, Keep, SetAdminOnly, Update
from pipe.models.declaration import EnvironmentType, Repository
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
from pipe.reports.html import render
from pipe.reports.presentation import About
from pipe.settings.pipelines import PipelineContext
from tests.support.results import ABOUT, HOSTILE
from tests.support.values import SHOP, TROUBLE, env, plain
from tests.unit.reports.browser import CHROMIUM, NOT_RUN, try_page
from tests.unit.reports.test_junit import CHECK

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=NOT_RUN)


def keep(name: str) -> EnvironmentResult:
    return planned(Keep(name=name, existing=env(name)))


def drift(name: str) -> EnvironmentResult:
    return planned(
        Update(
            existing=env(name, EnvironmentType.PRODUCTION),
            changes=(
                SetAdminOnly(before=False, after=True),
                CreateVariable(plain("API_URL", "https://api.acme.example/" + "x" * 100)),
            ),
        )
    )


def fleet(number: int, *names: str) -> RunResult:
    """Return a check of so many repositories; every tenth drifted in Production."""
    return RunResult(
        mode=Mode.CHECK,
        repositories=tuple(
            RepositoryResult(
                repository=Repository("acme", f"service-{index:04}"),
                environments=(
                    keep("Test"),
                    drift("Production") if index % 10 == 0 else keep("Production"),
                    *(keep(name) for name in names if index == 0),
                ),
            )
            for index in range(number)
        ),
        counts=Counts(total=number, reads=number),
        seconds=12.3,
        plan_checksum="sha256:" + "a" * 64,
    )


def test_the_page_needs_nothing_else_and_runs_nothing_else() -> None:
    page = render(fleet(3), ABOUT)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    assert re.findall(r"(?:src|href|url)\s*[=(]\s*\"?(http[^\"]*)", page) == [ABOUT.pipeline_url]


def test_what_ended_the_run_and_what_was_not_begun_is_there() -> None:
    run = replace(
        fleet(2),
        problems=(TROUBLE,),
        faults=(ConfigError("MODE", "is <wrong>"), ConfigError("STATE", "is wrong")),
        remaining=(Repository("acme", "api"),),
    )
    page = render(run, About(at=ABOUT.at, context=PipelineContext()))
    for words in ("It.", "Why: Because.", "2 errors in the configuration", "is &lt;wrong&gt;"):
        assert words in page
    assert "not begun" in page
    assert "pipeline" not in page.partition("</header>")[0].partition("<header>")[2]


def test_a_run_without_repositories_has_no_table() -> None:
    page = render(replace(CHECK, repositories=(), faults=(ConfigError("MODE", "is wrong"),)), ABOUT)
    assert "<table" not in page
    assert "<script" not in page


def test_trouble_and_pipelines_have_their_place() -> None:
    broken = RepositoryResult(repository=SHOP, problem=TROUBLE, pipelines=Outcome.FAILED)
    for run in (
        replace(CHECK, repositories=(broken,)),
        replace(CHECK, repositories=(broken, *fleet(1).repositories)),
    ):
        page = render(run, ABOUT)
        assert "Why: Because." in page
        assert "Pipelines: " in page
    twice = replace(drift("Live"), problem=TROUBLE, outcome=Outcome.FAILED)
    assert "It." in render(
        replace(CHECK, repositories=(replace(broken, problem=None, environments=(twice,)),)), ABOUT
    )


def test_rare_names_share_a_column() -> None:
    page = render(fleet(2, *(f"feature-{number}" for number in range(9))), ABOUT)
    assert page.count('role="columnheader"') == 1 + 6 + 1
    assert "Other environments" in page
    assert "feature-8: " in page


def test_states_can_be_told_without_colour() -> None:
    page = render(CHECK, ABOUT)
    assert re.findall(r'aria-hidden="true">(.)</span> (\w+)', page) == [
        ("✔", "unchanged"),
        ("✖", "drifted"),
        ("✖", "refused"),
    ]
    assert render(replace(CHECK, mode=Mode.PLAN), ABOUT).count(">→</span> would change") == 1


@in_a_browser
def test_search_and_state_narrow_the_table(tmp_path: Path) -> None:
    told = try_page(
        tmp_path,
        render(fleet(2000), ABOUT),
        """
        const count = () => page.querySelector("output").textContent;
        const shown = () => page.querySelectorAll("tbody tr:not([hidden])").length;
        const type = (text) => {
          page.querySelector("input").value = text;
          page.querySelector("input").dispatchEvent(new view.Event("input"));
        };
        const choose = (state) => {
          page.querySelector("select").value = state;
          page.querySelector("select").dispatchEvent(new view.Event("change"));
        };
        told.first = [count(), shown()];
        type("SERVICE-004 acme");
        told.searched = [count(), shown()];
        choose("drifted");
        told.both = [count(), shown()];
        type("");
        told.chosen = [count(), shown()];
        type("nothing like it");
        told.none = [count(), shown()];
        told.button = page.querySelector("button").hidden;
        """,
    )
    assert told == {
        "first": ["2000 of 2000 shown", 2000],
        "searched": ["10 of 2000 shown", 10],
        "both": ["1 of 2000 shown", 1],
        "chosen": ["200 of 2000 shown", 200],
        "none": ["0 of 2000 shown", 0],
        "button": True,
    }


@in_a_browser
def test_a_cell_opens_to_its_differences(tmp_path: Path) -> None:
    told = try_page(
        tmp_path,
        render(fleet(30), ABOUT),
        """
        const cell = page.querySelector("td details");
        const seen = () => cell.querySelector("dl").checkVisibility();
        told.closed = !seen();
        cell.querySelector("summary").click();
        told.open = seen();
        told.text = cell.querySelector("dl").innerText;
        const button = page.querySelector("button");
        told.before = button.textContent;
        button.click();
        told.all = page.querySelectorAll("details[open]").length;
        told.after = button.textContent;
        button.click();
        told.none = page.querySelectorAll("details[open]").length;
        """,
    )
    assert told["closed"]
    assert told["open"]
    assert "admin_only" in told["text"]
    assert "false → true" in told["text"]
    assert (told["before"], told["all"]) == ("Open all differences", 3)
    assert (told["after"], told["none"]) == ("Close all differences", 0)


@in_a_browser
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("number", [1, 12])
def test_no_width_needs_scrolling_sideways(tmp_path: Path, width: int, number: int) -> None:
    page = render(fleet(number, "a-name-" * 12), ABOUT)
    told = try_page(
        tmp_path,
        page,
        """
        for (const each of page.querySelectorAll("td details")) each.open = true;
        const root = page.documentElement;
        told.over = root.scrollWidth - root.clientWidth;
        told.cards = view.getComputedStyle(page.querySelector("tbody tr")).display;
        told.small = [...page.querySelectorAll("input, select, button")]
          .filter((each) => each.offsetHeight < 44).length;
        """,
        width=width,
    )
    assert told["over"] <= 0
    assert told["cards"] == ("table-row" if width == 1280 else "block")
    assert told["small"] == 0  # what is tapped is large enough for a finger


@in_a_browser
def test_trouble_of_a_repository_has_the_width_of_a_phone(tmp_path: Path) -> None:
    broken = RepositoryResult(repository=SHOP, problem=TROUBLE)
    run = replace(fleet(2), repositories=(broken, *fleet(2).repositories))
    told = try_page(
        tmp_path,
        render(replace(run, remaining=(Repository("acme", "later"),)), ABOUT),
        """
        page.querySelector("td details").open = true;
        told.width = page.querySelector(".problem").offsetWidth;
        told.later = page.querySelector("tbody tr:last-child td").checkVisibility();
        """,
        width=390,
    )
    assert told["width"] > 300
    assert told["later"]


@in_a_browser
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_in_light_and_dark(tmp_path: Path, *, dark: bool) -> None:
    told = try_page(
        tmp_path,
        render(replace(fleet(12), problems=(TROUBLE,)), ABOUT),
        """
        const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
        const light = (color) => {
          const [r, g, b] = color.map((each) => {
            const part = each / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
          const color = rgb(view.getComputedStyle(element).backgroundColor);
          return color.length === 4 && color[3] === 0 ? behind(element.parentElement) : color;
        };
        let least = 21;
        for (const each of page.querySelectorAll("body *")) {
          if (each.innerText && ![...each.children].length) {
            const front = light(rgb(view.getComputedStyle(each).color));
            const back = light(behind(each));
            const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
            least = Math.min(least, contrast);
          }
        }
        told.least = least;
        told.page = light(rgb(view.getComputedStyle(page.body).backgroundColor));
        """,
        dark=dark,
    )
    assert told["least"] >= 4.5  # what WCAG asks for at level AA
    assert (told["page"] < 0.1) is dark


@in_a_browser
def test_names_made_to_break_out_stay_names(tmp_path: Path) -> None:
    run = replace(
        CHECK,
        repositories=tuple(
            RepositoryResult(repository=Repository("acme", name), environments=(drift(name),))
            for name in HOSTILE
        ),
    )
    told = try_page(
        tmp_path,
        render(run, ABOUT),
        """
        told.scripts = page.querySelectorAll("script").length;
        told.images = page.querySelectorAll("img").length;
        told.rows = page.querySelectorAll("tbody tr").length;
        told.name = page.querySelector("tbody th").textContent;
        """,
    )
    assert told == {
        "scripts": 1,
        "images": 0,
        "rows": len(HOSTILE),
        "name": f"acme/{HOSTILE[0]}",
    }


@in_a_browser
def test_a_screen_reader_finds_the_table(tmp_path: Path) -> None:
    told = try_page(
        tmp_path,
        render(fleet(3), ABOUT),
        """
        told.language = page.documentElement.lang;
        told.title = page.title;
        told.headings = [...page.querySelectorAll("h1, h2")].map((each) => each.tagName);
        told.caption = page.querySelector("caption").textContent;
        told.roles = [...new Set([...page.querySelectorAll("table *[role], table")].map(
          (each) => each.getAttribute("role")))].sort();
        told.unnamed = [...page.querySelectorAll("input, select")]
          .filter((each) => !each.labels.length).length;
        told.live = page.querySelector("output").getAttribute("role");
        """,
        width=390,
    )
    assert told == {
        "language": "en",
        "title": "Bitbucket Environment: drift",
        "headings": ["H1"],
        "caption": "Repositories and their environments",
        "roles": ["cell", "columnheader", "row", "rowgroup", "rowheader", "table"],
        "unnamed": 0,
        "live": "status",
    }
