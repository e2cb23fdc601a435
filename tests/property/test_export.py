"""What is exported, applied unchanged, does nothing, whatever there is."""

from __future__ import annotations

import json
from dataclasses import dataclass

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipe.parsing.secrets import authenticates
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


def _secrets(document: object) -> list[str]:
    """Return every `from_env` in a document."""
    if isinstance(document, list):
        return [name for each in document for name in _secrets(each)]
    if isinstance(document, dict):
        own = [document["from_env"]] if "from_env" in document else []
        return [*own, *(name for each in document.values() for name in _secrets(each))]
    return []


@given(worlds, st.integers(1, 4))
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME]}, 1)
@example({"svc-1": [SAME, OTHER], "svc_2": [SAME, OTHER], "shop": []}, 1)
def test_an_exported_file_applied_unchanged_writes_nothing(
    repositories: dict[str, list[Seeded]], workers: int
) -> None:
    world = _world(repositories)
    exported = _export(world, repositories, WORKERS=str(workers))
    assert exported.exit_code == 0, exported.log
    document = yaml.safe_load(exported.out)
    names = _secrets(document)
    assert len(names) == len(set(names))
    assert not [name for name in names if authenticates(name)]
    world.files["exported.yml"] = exported.out
    given_secrets = dict.fromkeys(names, "a secret that is not the stored one")
    file = {"CONFIG_FILE": "exported.yml", "SECURED_UPDATE": "if-missing"}
    before = world.snapshot()
    checked = run_with(world, given_secrets | file | {"MODE": "check"})
    assert checked.exit_code == 0, checked.log
    applied = run_with(world, given_secrets | file)
    assert applied.exit_code == 0, applied.log
    assert applied.writes == []
    assert json.dumps(world.snapshot()) == json.dumps(before)


@given(worlds)
def test_everything_that_a_file_can_say_is_in_it(repositories: dict[str, list[Seeded]]) -> None:
    world = _world(repositories)
    exported = _export(world, repositories)
    document = yaml.safe_load(exported.out)
    own = {each["repositories"][0]: each["environments"] for each in document.get("overrides", [])}
    assert document["repositories"] == sorted(repositories)
    for slug, environments in repositories.items():
        told = {each["name"]: each for each in [*document["environments"], *own.get(slug, [])]}
        names = [each.name for each in environments]
        for each in environments:
            if each.name.isprintable() and each.name.strip() and names.count(each.name) == 1:
                sayable = not set(each.name) & set("*?")
                assert (each.name in told) is sayable
                if sayable:
                    assert told[each.name]["type"] == each.type
                    assert told[each.name]["admin_only"] is each.admin_only
        assert len(told) == len(names) or f"of acme/{slug}" in exported.log


@given(worlds)
def test_an_export_does_not_depend_on_the_number_of_workers(
    repositories: dict[str, list[Seeded]],
) -> None:
    world = _world(repositories)
    alone = _export(world, repositories, WORKERS="1")
    together = _export(world, repositories, WORKERS="4")
    assert together.out == alone.out
