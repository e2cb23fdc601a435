"""An exported file, applied unchanged, changes nothing, and needs no secret."""

import json
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.models.selection import is_uuid
from tests.faults.repository_state import Env
from tests.faults.scenario import plant
from tests.support.world import Ran, World, listed, run_with

NAMES = (
    "Test",
    "TEST",
    "test",
    "Production",
    "prod*",
    "really?",
    "yes",
    "no",
    "null",
    "~",
    "1.0",
    "0x1F",
    "2026-01-01",
    "<<",
    "=",
    "- a",
    "a: b",
    "# no",
    "'",
    '"',
    "&a",
    "*a",
    "!tag",
    "{x}",
    "Prüfung",
    "测试",
    "🚀",
    " padded ",
    "two\nlines",
    "tab\there",
    "\u2028",
    "\x07",
    "\ud800",
    "OIDC",
    "Bitbucket",
    "x" * 200,
    "%",
    "@",
    "`",
    "\ufeff",
    "\x85",
)
KEYS = (
    "A",
    "a",
    "ACCESS_TOKEN",
    "OIDC_TOKEN",
    "yes",
    "NULL",
    "on",
    "KEY",
    "_",
    "A.B",
    "A-B",
    "A_B",
    "1A",
    "with space",
    "ü",
    "<<",
    "BITBUCKET_ENVIRONMENT_FINGERPRINTS",
    "bitbucket_environment_fingerprints",
    "K" * 200,
)
VALUES = (
    "",
    "yes",
    "1.0",
    "null",
    "~",
    "2026-01-01",
    "a\nb\n",
    "\n",
    " \n ",
    "a \nb",
    "\na",
    "  a\nb",
    "a\n\n\nb",
    "a\r\nb",
    "tab\t",
    "# x",
    "- x\n- y",
    "a: b\nc: d",
    "'",
    '"',
    "\\",
    "\\n",
    "$HOME",
    "é\u0085\u2028\u2029",
    "\ufeff",
    "\x00\x01\x7f",
    "🚀",
    "\ud800",
    "x " * 200,
    "<<",
    "=",
    "*a",
    "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n",
    "%YAML 1.2\n---\n",
    "...",
    "---",
)
PATTERNS = ("main", "release/*", "*", "yes", "a b", "feature/ü", " ", "two\nlines")
SLUGS = ("shop", "svc-1", "svc_2", "1.0", "true", "null")

texts = st.sampled_from(VALUES) | st.text(max_size=12)


Named = tuple[str, Env]
"""An environment that exists, and its name."""
environments = st.builds(
    Env,
    type=st.sampled_from(["Test", "Staging", "Production"]),
    admin_only=st.booleans(),
    branches=st.frozensets(st.sampled_from(PATTERNS), max_size=2),
    variables=st.dictionaries(st.sampled_from(KEYS), st.tuples(texts, st.booleans()), max_size=4),
)
named = st.tuples(st.sampled_from(NAMES) | st.text(min_size=1, max_size=5), environments)
worlds = st.dictionaries(
    st.sampled_from(SLUGS), st.lists(named, max_size=4), min_size=1, max_size=3
)
SAME = ("Test", Env(branches=frozenset({"main"}), variables={"A": ("a\nb", False)}))
OTHER = (
    "TEST",
    Env(type="Staging", admin_only=True, variables={"A": ("1", False), "B": ("s", True)}),
)


def _world(repositories: dict[str, list[Named]]) -> World:
    world = World(
        name_clash="exact",
        variable_key_clash="exact",
        variable_keys="dots-and-dashes",
    )
    for slug, environments in repositories.items():
        shop = world.shop if slug == "shop" else world.simulator.add_repository("acme", slug)
        for name, environment in environments:
            plant(shop, name, environment)
    return world


def _export(world: World, repositories: dict[str, list[Named]], **variables: str) -> Ran:
    chosen = listed("REPOSITORIES", *sorted(repositories))
    return run_with(world, chosen | {"MODE": "export"} | variables)


@given(worlds, st.integers(1, 4))
@example({"shop": []}, 1)
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME]}, 1)
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME, OTHER], "shop": []}, 1)
def test_an_exported_file_applied_unchanged_writes_nothing(
    repositories: dict[str, list[Named]], workers: int
) -> None:
    world = _world(repositories)
    exported = _export(world, repositories, WORKERS=str(workers))
    assert exported.exit_code == 0, exported.log
    world.files["exported.yml"] = exported.out
    file = {"CONFIG_FILE": "exported.yml"}
    before = world.snapshot()
    checked = run_with(world, file | {"MODE": "check"})
    assert checked.exit_code == 0, checked.log
    applied = run_with(world, file)
    assert applied.exit_code == 0, applied.log
    assert applied.writes == []
    assert json.dumps(world.snapshot()) == json.dumps(before)


def _declared(document: Any, slug: str) -> dict[str, Any]:
    """Return what a file declares for a repository: its environments by name."""
    declared = {each["name"]: each for each in document.get("environments", [])}
    for override in document.get("overrides", []):
        named = override["repositories"]
        if slug in named or ("*" in named and f"!{slug}" not in named):
            for each in override["environments"]:
                below = declared.get(each["name"], {})
                variables = below.get("variables", {}) | each.get("variables", {})
                declared[each["name"]] = below | each | {"variables": variables}
    return declared


@given(worlds)
def test_everything_that_a_file_can_declare_is_in_it(repositories: dict[str, list[Named]]) -> None:
    world = _world(repositories)
    exported = _export(world, repositories)
    document = yaml.safe_load(exported.out)
    assert document["repositories"] == sorted(repositories)
    for slug, environments in repositories.items():
        declared = _declared(document, slug)
        names = [name.casefold() for name, _ in environments]
        for name, environment in environments:
            if name.isprintable() and name.strip():
                unique = names.count(name.casefold()) == 1
                literal = not set(name) & set("*?") and not is_uuid(name)
                assert (name in declared) is (unique and literal)
            if name in declared:
                assert declared[name]["type"] == environment.type
                assert declared[name]["admin_only"] is environment.admin_only
        assert len(declared) == len(names) or f"of acme/{slug}" in exported.log


@given(worlds)
def test_an_export_does_not_depend_on_the_number_of_workers(
    repositories: dict[str, list[Named]],
) -> None:
    world = _world(repositories)
    alone = _export(world, repositories, WORKERS="1")
    together = _export(world, repositories, WORKERS="4")
    assert together.out == alone.out
