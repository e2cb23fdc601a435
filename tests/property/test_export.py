"""An exported file, applied unchanged, changes nothing, and needs no secret."""

import json
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.planning.matching import is_uuid
from tests.support.world import Ran, World, listed, run_with

NAMES = (
    "Test", "TEST", "test", "Production", "prod*", "really?", "yes", "no", "null", "~", "1.0",
    "0x1F", "2026-01-01", "<<", "=", "- a", "a: b", "# no", "'", '"', "&a", "*a", "!tag", "{x}",
    "Prüfung", "测试", "🚀", " padded ", "two\nlines", "tab\there", "\u2028", "\x07", "\ud800",
    "OIDC", "Bitbucket", "x" * 200, "%", "@", "`", "\ufeff", "\x85",
)  # fmt: skip
KEYS = (
    "A", "a", "ACCESS_TOKEN", "OIDC_TOKEN", "yes", "NULL", "on", "KEY", "_", "A.B", "A-B", "A_B",
    "1A", "with space", "ü", "<<", "BITBUCKET_ENVIRONMENT_FINGERPRINTS",
    "bitbucket_environment_fingerprints", "K" * 200,
)  # fmt: skip
VALUES = (
    "", "yes", "1.0", "null", "~", "2026-01-01", "a\nb\n", "\n", " \n ", "a \nb", "\na", "  a\nb",
    "a\n\n\nb", "a\r\nb", "tab\t", "# x", "- x\n- y", "a: b\nc: d", "'", '"', "\\", "\\n", "$HOME",
    "é\u0085\u2028\u2029", "\ufeff", "\x00\x01\x7f", "🚀", "\ud800", "x " * 200, "<<", "=", "*a",
    "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n", "%YAML 1.2\n---\n", "...", "---",
)  # fmt: skip
PATTERNS = ("main", "release/*", "*", "yes", "a b", "feature/ü", " ", "two\nlines")
SLUGS = ("shop", "svc-1", "svc_2", "1.0", "true", "null")

texts = st.sampled_from(VALUES) | st.text(max_size=12)


@dataclass(frozen=True, slots=True)
class Seeded:
    """An environment that exists."""

    name: str
    type: str
    admin_only: bool
    branches: list[str]
    variables: dict[str, tuple[str, bool]]


seeded = st.builds(
    Seeded,
    st.sampled_from(NAMES) | st.text(min_size=1, max_size=5),
    st.sampled_from(["Test", "Staging", "Production"]),
    st.booleans(),
    st.lists(st.sampled_from(PATTERNS), unique=True, max_size=2),
    st.dictionaries(st.sampled_from(KEYS), st.tuples(texts, st.booleans()), max_size=4),
)
worlds = st.dictionaries(
    st.sampled_from(SLUGS), st.lists(seeded, max_size=4), min_size=1, max_size=3
)
SAME = Seeded("Test", "Test", False, ["main"], {"A": ("a\nb", False)})  # noqa: FBT003 - its fields
OTHER = Seeded("TEST", "Staging", True, [], {"A": ("1", False), "B": ("s", True)})  # noqa: FBT003 - its fields


def _world(repositories: dict[str, list[Seeded]]) -> World:
    world = World(
        name_clash="exact",
        variable_key_clash="exact",
        variable_keys="dots-and-dashes",
    )
    for slug, environments in repositories.items():
        shop = world.shop if slug == "shop" else world.simulator.add_repository("acme", slug)
        for each in environments:
            made = shop.add_environment(each.name, each.type, admin_only=each.admin_only)
            for pattern in each.branches:
                made.add_branch(pattern)
            for key, (value, secured) in each.variables.items():
                made.set_variable(key, value, secured=secured)
    return world


def _export(world: World, repositories: dict[str, list[Seeded]], **variables: str) -> Ran:
    chosen = listed("REPOSITORIES", *sorted(repositories))
    return run_with(world, chosen | {"MODE": "export"} | variables)


@given(worlds, st.integers(1, 4))
@example({"shop": []}, 1)
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME]}, 1)
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME, OTHER], "shop": []}, 1)
def test_an_exported_file_applied_unchanged_writes_nothing(
    repositories: dict[str, list[Seeded]], workers: int
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


def _declared(document: Any, slug: str) -> dict[str, Any]:  # noqa: ANN401 - parsed YAML
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
def test_everything_that_a_file_can_declare_is_in_it(repositories: dict[str, list[Seeded]]) -> None:
    world = _world(repositories)
    exported = _export(world, repositories)
    document = yaml.safe_load(exported.out)
    assert document["repositories"] == sorted(repositories)
    for slug, environments in repositories.items():
        declared = _declared(document, slug)
        names = [each.name.casefold() for each in environments]
        for each in environments:
            if each.name.isprintable() and each.name.strip():
                unique = names.count(each.name.casefold()) == 1
                literal = not set(each.name) & set("*?") and not is_uuid(each.name)
                assert (each.name in declared) is (unique and literal)
            if each.name in declared:
                assert declared[each.name]["type"] == each.type
                assert declared[each.name]["admin_only"] is each.admin_only
        assert len(declared) == len(names) or f"of acme/{slug}" in exported.log


@given(worlds)
def test_an_export_does_not_depend_on_the_number_of_workers(
    repositories: dict[str, list[Seeded]],
) -> None:
    world = _world(repositories)
    alone = _export(world, repositories, WORKERS="1")
    together = _export(world, repositories, WORKERS="4")
    assert together.out == alone.out
