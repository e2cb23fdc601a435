"""Every variable in every wrong form: an error that names it, and no request."""

from collections.abc import Iterator
from typing import Final, get_args, get_origin

import pytest

from pipe.settings.model import Options
from tests.support.world import World, listed, run_with

pytestmark = pytest.mark.promise("P25")

ONE: Final = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Production"}
FIELDS: Final = Options.model_fields
LISTS: Final = [
    name.upper()
    for name, info in FIELDS.items()
    if any(get_origin(each) is tuple for each in (info.annotation, *get_args(info.annotation)))
]
SINGLE: Final = [name.upper() for name in FIELDS if name.upper() not in LISTS]
UNDECODABLE: Final = "\udcff"


def wrong_single(name: str) -> Iterator[dict[str, str]]:
    for value in ("true", "5", "Live", "x"):
        yield {name: ""} | listed(name, value)
        yield {name: value} | listed(name, value)
        yield {name: "", f"{name}_0": value}
    yield {name: "", f"{name}_COUNT": "0"}
    yield {name: UNDECODABLE}
    yield {name: '["x"]'}
    if name != "NO_COLOR":  # any value means the same
        yield {name: " "}


def wrong_list(name: str) -> Iterator[dict[str, str]]:
    yield {f"{name}_COUNT": "1", f"{name}_0": ""}
    yield {f"{name}_COUNT": "2", f"{name}_1": "x"}
    yield {f"{name}_COUNT": "1"} | {f"{name}_{index}": "A=1" for index in range(2)}
    yield {f"{name}_0": "A=1"}
    yield {f"{name}_COUNT": "all"}
    yield {name: "A=1"} | listed(name, "A=1")
    for text in (" ", UNDECODABLE, "[", "[null]", "[[]]", '[""]', '["x", ""]', "[{}]"):
        yield {name: text}


def refused(name: str, variables: dict[str, str]) -> None:
    world = World()
    ran = run_with(world, ONE | variables)
    assert (ran.exit_code, ran.requests) == (2, []), variables
    assert f"ERROR: {name}" in ran.log, variables


@pytest.mark.no_cover  # long runs, through code that other tests reach
@pytest.mark.parametrize("name", SINGLE)
def test_a_variable_that_takes_one_value(name: str) -> None:
    for variables in wrong_single(name):
        refused(name, variables)


@pytest.mark.parametrize("name", LISTS)
def test_a_list(name: str) -> None:
    for variables in wrong_list(name):
        refused(name, variables)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("variables", "environments: [{name: Live, branches: [main]}]"),
        ("environments", "repository: {variables: {A: 1}}"),
        ("repository-variables", "environments: [{name: Live, variables: {A: 1}}]"),
    ],
)
def test_pruning_what_a_file_does_not_declare(name: str, text: str) -> None:
    world = World()
    world.files["file.yml"] = text
    ran = run_with(world, {"CONFIG_FILE": "file.yml", "PRUNE": name})
    assert (ran.exit_code, ran.requests) == (2, [])
    assert f"ERROR: PRUNE: '{name}': the CONFIG_FILE declares none" in ran.log
