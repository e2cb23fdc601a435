"""Whatever comes from outside, a run ends with a message and never with exit code 1."""

import json
import os
import re
import string
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.behaviour.profiles import OBSERVED
from simulator.http import Json
from tests.faults.scenario import Scenario, plant
from tests.faults.scenarios import CANARIES, CONSUMER, SCENARIOS
from tests.support.settings import NAMES
from tests.support.world import Ran, World, run_with

pytestmark = pytest.mark.promise("P12")

COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
ENDINGS: Final = frozenset({0, 3, 5, 6, 7})


@dataclass(frozen=True, slots=True)
class Anything:
    """This answer, instead of the right one, which may have taken effect."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    after_effect: bool


@dataclass(frozen=True, slots=True)
class Replaced:
    """The right answer, with another value in one place of its JSON."""

    place: int
    value: Json


Odd = Anything | Replaced | None
"""`None` leaves an answer as it is."""

JSON: Final[st.SearchStrategy[Json]] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["Test", "Wanted", "WANTED", "{}", "\ud800", "\x1b[31m", "../..", "http://x"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uuid", "name", "key", "value", "values", "size", "error", "next"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ["Retry-After", "x-ratelimit-reset", "X-RateLimit-Limit", "Location", "Link"]
        )
        | st.sampled_from(["Content-Type", "Content-Encoding", "Set-Cookie", "Transfer-Encoding"]),
        st.text(string.ascii_letters + string.digits + " :,;-./+", max_size=30)
        | st.sampled_from(["-1", "1e999", "nan", "gzip", "Thu, 99 Foo 2026", "99999999999999999"]),
    ),
    max_size=3,
)
ANSWERS: Final = st.builds(
    Anything,
    status=st.sampled_from([200, 201, 202, 204, 206, 301, 304, 400, 401, 402, 403, 404, 405, 408])
    | st.sampled_from([409, 410, 415, 422, 425, 429, 500, 502, 503, 504, 599, 600, 999])
    | st.integers(200, 999),
    headers=HEADERS.map(tuple),
    body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    after_effect=st.booleans(),
)
ODDITIES: Final = st.lists(
    st.one_of(st.none(), ANSWERS, st.builds(Replaced, st.integers(0, 200), JSON)),
    min_size=1,
    max_size=12,
)


class OddWorld(World):
    """A world whose answers are odd, one after the other, and right after that."""

    odd: Sequence[Odd] = ()
    only: re.Pattern[str] = re.compile("")
    """What stands in the path of each request that is answered oddly."""

    def carrier(self) -> httpx.BaseTransport:
        handle, answers = super().carrier().handle_request, iter(self.odd)

        def handle_oddly(request: httpx.Request) -> httpx.Response:
            match next(answers, None) if self.only.search(request.url.path) else None:
                case None:
                    return handle(request)
                case Anything(status, headers, body, after_effect):
                    if after_effect:
                        handle(request)
                    return httpx.Response(
                        status, headers=list(headers), stream=httpx.ByteStream(body)
                    )
                case Replaced(place, value):
                    return _replaced(handle, request, place, value)

        return httpx.MockTransport(handle_oddly)


def _replaced(
    handle: Callable[[httpx.Request], httpx.Response],
    request: httpx.Request,
    place: int,
    value: Json,
) -> httpx.Response:
    right = handle(request)
    text = right.read()
    if not text:
        return httpx.Response(right.status_code)
    document = {"whole": json.loads(text)}
    places = list(_places(document))
    container, key = places[place % len(places)]
    container[key] = value
    return httpx.Response(right.status_code, content=json.dumps(document["whole"]).encode())


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every place in a JSON document: what holds it, and by which key or index."""
    pairs: Sequence[tuple[object, object]] = ()
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


@pytest.mark.promise("P9", "P12")
@given(st.sampled_from(SCENARIOS), ODDITIES, st.sampled_from(["1", "3"]))
def test_answers_of_any_kind(scenario: Scenario, odd: list[Odd], attempts: str) -> None:
    """Any bytes, any status, any JSON in place of what is expected, at every request."""
    world = OddWorld(OBSERVED)
    for name, environment in scenario.before.items():
        plant(world.shop, name, environment)
    world.odd = odd
    ran = run_with(world, {"MAX_ATTEMPTS": attempts, **scenario.declared})
    assert ran.exit_code in ENDINGS, ran.log
    _check(ran)
    assert not any(canary in ran.log for canary in CANARIES)


CONFIG: Final = """version: 1
repositories: ['*', '!svc-*']
environments:
  - {name: Test, type: Test, rename_from: Old, branches: [main], variables: {A: b}}
rules:
  - {when: {type: Production}, admin_only: true}
"""
ONE: Final = {"ENVIRONMENT_NAME": "Test", "ENVIRONMENT_TYPE": "Test", "ADMIN_ONLY": "true"}
WAYS: Final[Sequence[Mapping[str, str]]] = [
    {"MODE": "export"},
    {"MODE": "export", "REPOSITORIES": "*"},
    {"MODE": "plan", "VARIABLES": "A=1", **ONE},
    {"MODE": "check", "ENVIRONMENT_NAME": "T*", "ADMIN_ONLY": "true"},
    {"REPOSITORIES": "*", **ONE},
    {"REPOSITORIES": "project:PLAT", **ONE},
    {"REPOSITORIES": '["*", "!s*"]', **ONE},
    {"CONFIG_FILE": "environments.yml", "PRUNE": "environments"},
    {"CONFIG_FILE": "environments.yml", "PRUNE": "environments", "FORCE": "true"},
    {"ENABLE_PIPELINES": "true", **ONE},
    {**CONSUMER, **ONE},
]


@given(st.sampled_from(WAYS), ODDITIES, st.sampled_from(["1", "3"]), st.sampled_from(["1", "4"]))
def test_answers_of_any_kind_in_every_way_to_run(
    way: Mapping[str, str], odd: list[Odd], attempts: str, workers: str
) -> None:
    """Whatever is asked for, of one repository or of many, by whomever."""
    world = OddWorld(OBSERVED)
    world.files["environments.yml"] = CONFIG
    for name, type_ in (("Test", "Test"), ("Live", "Production"), ("Old", "Staging")):
        world.shop.add_environment(name, type_)
    other = world.simulator.add_repository("acme", "other", project="PLAT")
    other.add_environment("Test", "Test")
    world.odd = odd
    ran = run_with(world, {"MAX_ATTEMPTS": attempts, "WORKERS": workers, **way})
    assert ran.exit_code in ENDINGS | {4}, ran.log
    _check(ran)


@given(ODDITIES, st.booleans(), st.sampled_from(["1", "3"]))
def test_answers_of_any_kind_to_what_is_published(
    odd: list[Odd],
    commented: bool,
    attempts: str,
) -> None:
    """Failing to publish never changes how a run ends."""
    world = OddWorld(OBSERVED)
    world.shop.add_environment("Test")
    world.shop.add_pull_request(12)
    if commented:
        assert run_with(world, PUBLISHED).exit_code == 0
    world.odd, world.only = odd, re.compile("/reports/|/comments")
    ran = run_with(world, {"MAX_ATTEMPTS": attempts, **PUBLISHED})
    assert ran.exit_code == 0, ran.log
    _check(ran)


PUBLISHED: Final = {
    "ENVIRONMENT_NAME": "Test",
    "CODE_INSIGHTS": "true",
    "COMMENT": "true",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_COMMIT": "0123456789abcdef0123456789abcdef01234567",
    "BITBUCKET_PR_ID": "12",
}
WRITTEN: Final = ("REPORT_FILES",)
"""Paths that are written to stay where the test is."""
# What an environment can hold: any text without NUL, bytes that are no UTF-8 as lone surrogates.
TEXT: Final = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]),
    max_size=30,
)
VALUES: Final = st.one_of(
    TEXT,
    st.sampled_from(["", "0", "1", "-1", "1e999", "nan", "true", "no", "[]", "{}", '["a"]', "A=1"]),
    st.sampled_from(["*", "Prod-?", "!x", "project:KEY", "acme/shop", "always", "Test", "plan"]),
    st.sampled_from(["export", "check", "http://127.0.0.1", "https://[", "https://é", "file"]),
    JSON.map(json.dumps),
)


@pytest.mark.promise("P12", "P17")
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), st.sampled_from(SCENARIOS))
def test_variables_of_any_kind(given_: dict[str, str], scenario: Scenario) -> None:
    """Any text in any of the variables, beside a declaration or alone."""
    world = scenario.world(OBSERVED)
    world.files["file"] = given_.get("WORKSPACE", "")
    for name in [each for each in given_ if each.startswith(WRITTEN)]:
        given_[name] = given_[name].replace("/", "")
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            ran = run_with(world, {**scenario.declared, **given_})
        finally:
            os.chdir(before)
    assert ran.exit_code in ENDINGS | {2, 4}, ran.log
    assert ran.exit_code != 2 or not ran.requests
    _check(ran)


def _check(ran: Ran) -> None:
    assert "Traceback" not in ran.log
    assert "\x1b" not in COLOURS.sub("", ran.log)
    (ran.log + ran.out).encode("utf-8", "backslashreplace")
