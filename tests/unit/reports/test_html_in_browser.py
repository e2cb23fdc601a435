"""The web page in a real browser."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from msgspec.structs import replace

from pipe.models.declaration import Repository
from pipe.models.results import RepositoryResult
from pipe.reports.html import render
from tests.support.results import HOSTILE
from tests.support.values import FAILURE, SHOP
from tests.unit.reports.browser import CHROMIUM, NOT_RUN, Found, Try, try_pages
from tests.unit.reports.samples import drift, fleet, view
from tests.unit.reports.test_junit import CHECK

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover

T = TypeVar("T", bound=Callable[..., None])
TRIES: dict[str, list[Try]] = {}
"""What the tests try in a browser, by their names: it starts once for all of them."""


def in_browser(
    *pages: Callable[[], str],
    script: str,
    widths: tuple[int, ...] = (1280,),
    themes: tuple[str, ...] = ("light",),
) -> Callable[[T], T]:
    """Run a script on each page in each width and theme; the test gets what it found."""

    def decorate(test: T) -> T:
        TRIES[test.__name__] = [
            Try(page, script, width, theme == "dark")
            for page in pages
            for width in widths
            for theme in themes
        ]
        pytest.mark.skipif(CHROMIUM is None, reason=NOT_RUN)(test)
        pytest.mark.xdist_group("browser")(test)
        return test

    return decorate


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Found]]:
    everything = [each for tries in TRIES.values() for each in tries]
    found = iter(try_pages(tmp_path_factory.mktemp("pages"), everything))
    return {name: [next(found) for _ in tries] for name, tries in TRIES.items()}


@pytest.fixture
def all_found(browser: dict[str, list[Found]], request: pytest.FixtureRequest) -> list[Found]:
    return browser[request.function.__name__]


@pytest.fixture
def found(all_found: list[Found]) -> Found:
    (only,) = all_found
    return only


@in_browser(
    lambda: render(view(fleet(2000))),
    script="""
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
    found.first = [count(), shown()];
    type("SERVICE-004 acme");
    found.searched = [count(), shown()];
    choose("drifted");
    found.both = [count(), shown()];
    type("");
    found.chosen = [count(), shown()];
    type("nothing like it");
    found.none = [count(), shown()];
    found.button = page.querySelector("button").hidden;
    """,
)
def test_search_and_state_narrow_the_table(found: Found) -> None:
    assert found == {
        "first": ["2000 of 2000 shown", 2000],
        "searched": ["10 of 2000 shown", 10],
        "both": ["1 of 2000 shown", 1],
        "chosen": ["200 of 2000 shown", 200],
        "none": ["0 of 2000 shown", 0],
        "button": True,
    }


@in_browser(
    lambda: render(view(fleet(30))),
    script="""
    const cell = page.querySelector("td details");
    const seen = () => cell.querySelector("dl").checkVisibility();
    found.closed = !seen();
    cell.querySelector("summary").click();
    found.open = seen();
    found.text = cell.querySelector("dl").innerText;
    const button = page.querySelector("button");
    found.before = button.textContent;
    button.click();
    found.all = page.querySelectorAll("details[open]").length;
    found.after = button.textContent;
    button.click();
    found.none = page.querySelectorAll("details[open]").length;
    """,
)
def test_a_cell_opens_to_its_differences(found: Found) -> None:
    assert found["closed"]
    assert found["open"]
    assert "admin_only" in found["text"]
    assert "false → true" in found["text"]
    assert (found["before"], found["all"]) == ("Open all differences", 3)
    assert (found["after"], found["none"]) == ("Close all differences", 0)


@in_browser(
    lambda: render(view(fleet(1, "a-name-" * 12))),
    lambda: render(view(fleet(12, "a-name-" * 12))),
    script="""
    for (const each of page.querySelectorAll("td details")) each.open = true;
    const root = page.documentElement;
    found.over = root.scrollWidth - root.clientWidth;
    found.cards = view.getComputedStyle(page.querySelector("tbody tr")).display;
    found.small = [...page.querySelectorAll("input, select, button")]
      .filter((each) => each.offsetHeight < 44).length;
    """,
    widths=(320, 390, 1280),
)
def test_no_width_needs_scrolling_sideways(all_found: list[Found]) -> None:
    assert max(each["over"] for each in all_found) <= 0
    assert [each["cards"] for each in all_found] == ["block", "block", "table-row"] * 2
    # What is tapped is large enough for a finger.
    assert {each["small"] for each in all_found} == {0}


def many_names() -> str:
    names = ("Test", "Staging", "Production", "Production EU", "Integration", "QA")
    first = RepositoryResult(
        repository=Repository("acme", "service"), environments=tuple(map(drift, names))
    )
    run = replace(fleet(12), repositories=(first, *fleet(12).repositories))
    return render(view(run))


@in_browser(
    many_names,
    script="""
    page.querySelector("button").click();
    const root = page.documentElement;
    found.open = page.querySelectorAll("tbody tr:first-child details[open]").length;
    found.over = root.scrollWidth - root.clientWidth;
    """,
)
def test_five_open_names_fit_a_small_screen(found: Found) -> None:
    assert found == {"open": 6, "over": 0}


def broken_repository() -> str:
    broken = RepositoryResult(repository=SHOP, problem=FAILURE)
    run = replace(fleet(2), repositories=(broken, *fleet(2).repositories))
    return render(view(replace(run, remaining=(Repository("acme", "later"),))))


@in_browser(
    broken_repository,
    script="""
    page.querySelector("td details").open = true;
    found.width = page.querySelector(".problem").offsetWidth;
    found.later = page.querySelector("tbody tr:last-child td").checkVisibility();
    """,
    widths=(390,),
)
def test_a_problem_of_a_repository_has_the_width_of_a_phone(found: Found) -> None:
    assert found["width"] > 300
    assert found["later"]


@in_browser(
    lambda: render(view(replace(fleet(12), problems=(FAILURE,)))),
    script="""
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
    found.least = least;
    found.page = light(rgb(view.getComputedStyle(page.body).backgroundColor));
    """,
    themes=("light", "dark"),
)
def test_every_text_stands_out_in_light_and_dark(all_found: list[Found]) -> None:
    light, dark = all_found
    # What WCAG asks for at level AA.
    assert min(light["least"], dark["least"]) >= 4.5
    assert dark["page"] < 0.1 < light["page"]


def hostile_names() -> str:
    run = replace(
        CHECK,
        repositories=tuple(
            RepositoryResult(repository=Repository("acme", name), environments=(drift(name),))
            for name in HOSTILE
        ),
    )
    return render(view(run))


@in_browser(
    hostile_names,
    script="""
    found.scripts = page.querySelectorAll("script").length;
    found.images = page.querySelectorAll("img").length;
    found.rows = page.querySelectorAll("tbody tr").length;
    found.name = page.querySelector("tbody th").textContent;
    """,
)
def test_hostile_names_stay_text(found: Found) -> None:
    assert found == {
        "scripts": 1,
        "images": 0,
        "rows": len(HOSTILE),
        "name": f"acme/{HOSTILE[0]}",
    }


@in_browser(
    lambda: render(view(fleet(3))),
    script="""
    found.language = page.documentElement.lang;
    found.title = page.title;
    found.headings = [...page.querySelectorAll("h1, h2")].map((each) => each.tagName);
    found.caption = page.querySelector("caption").textContent;
    found.roles = [...new Set([...page.querySelectorAll("table *[role], table")].map(
      (each) => each.getAttribute("role")))].sort();
    found.unnamed = [...page.querySelectorAll("input, select")]
      .filter((each) => !each.labels.length).length;
    found.live = page.querySelector("output").getAttribute("role");
    """,
    widths=(390,),
)
def test_a_screen_reader_finds_the_table(found: Found) -> None:
    assert found == {
        "language": "en",
        "title": "Bitbucket Environment: drift",
        "headings": ["H1"],
        "caption": "Repositories and their environments",
        "roles": ["cell", "columnheader", "row", "rowgroup", "rowheader", "table"],
        "unnamed": 0,
        "live": "status",
    }
