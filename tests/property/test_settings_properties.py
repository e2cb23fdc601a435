"""Invariants of settings for any input."""

import json
import string
from typing import Final

import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipe.models.declaration import PlainVariable, Repository
from pipe.models.selection import glob_matches
from tests.support.settings import NAMES, ONE, PIPELINE, errors_of, settings

SHOP: Final = Repository("acme", "shop")
# What an environment can hold: any text without NUL, bytes that are no UTF-8 as lone surrogates.
ANYTHING: Final = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=())),
    st.sampled_from(["", "0", "1", "true", "[]", "{}", '["a"]', '{"A": "1"}', "A=1", "file", "*"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ).map(json.dumps),
)
KEYS: Final = st.text(string.ascii_letters + "_", min_size=1, max_size=8)
VALUES: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def declared(environ: dict[str, str], **files: str) -> tuple[object, ...] | None:
    declaration = settings(environ, **files).declaration_for(SHOP)
    return declaration.environments[0].desired.variables


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING), st.booleans())
def test_any_input_is_settings_or_errors(
    environ: dict[str, str],
    complete: bool,
) -> None:
    """No other exception is raised."""
    found = errors_of((ONE if complete else {}) | environ, file="environments: []")

    assert all(source and message for source, message in found.items())


@given(st.dictionaries(st.sampled_from(NAMES), st.just("")))
def test_empty_is_not_given(empty: dict[str, str]) -> None:
    given_names = {name: "" for name in empty if name not in ONE}

    # An empty MODE applies, with a warning.
    assert replace(settings(ONE | given_names), warnings=()) == settings(ONE)


@given(st.lists(VALUES.filter(lambda text: text != "")))
def test_both_forms_of_a_list_mean_the_same(items: list[str]) -> None:
    counted = {"BRANCHES_COUNT": str(len(items))} | {
        f"BRANCHES_{index}": item for index, item in enumerate(items)
    }
    encoded = {"BRANCHES": json.dumps(items)}

    one, other = errors_of(ONE | counted), errors_of(ONE | encoded)

    assert [*one.values()] == [*other.values()]
    if not one:
        assert settings(ONE | counted) == settings(ONE | encoded)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_values_arrive_as_they_were_written(values: dict[str, str]) -> None:
    expected = tuple(PlainVariable(key, value) for key, value in values.items())
    pairs = [f"{key}={value}" for key, value in values.items()]
    as_pairs = all(values.values()) and not any("=" in value for value in values.values())
    listed = [{"key": key, "value": value} for key, value in values.items()]

    assert declared(ONE | {"VARIABLES": json.dumps(values)}) == expected
    assert declared(ONE | {"VARIABLES": json.dumps(listed)}) == expected
    if as_pairs:  # an empty value, or what looks like a second variable, is an error
        counted = {f"VARIABLES_{index}": pair for index, pair in enumerate(pairs)}
        assert declared(ONE | {"VARIABLES": json.dumps(pairs)}) == expected
        assert declared(ONE | {"VARIABLES_COUNT": str(len(pairs))} | counted) == expected
    text = yaml.safe_dump({"environments": [{"name": "X", "variables": values}]}, sort_keys=False)
    assert declared(PIPELINE | {"CONFIG_FILE": "file"}, file=text) == expected


SECRET: Final = st.text(string.ascii_letters + string.digits, min_size=12).map("canary{}".format)


@given(SECRET, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_no_error_quotes_a_secret(secret: str, kept_in: str, also_in: str) -> None:
    environ = ONE | {"FINGERPRINT_KEY": secret, "BITBUCKET_ACCESS_TOKEN": f"{secret} "}
    environ |= {kept_in: f"1{secret}=", also_in: f"[{secret}", "PIPELINES_JWT_TOKEN": secret}

    messages = errors_of(environ)

    assert not any(secret in message for message in messages.values())


@given(ANYTHING)
def test_any_text_is_a_configuration_or_errors(text: str) -> None:
    for source, message in errors_of(PIPELINE | {"CONFIG_FILE": "file"}, file=text).items():
        assert source.startswith(("file:", "CONFIG_FILE"))
        assert message


WORDS: Final = st.sampled_from(
    [
        "name",
        "type",
        "state",
        "rename_from",
        "admin_only",
        "branches",
        "variables",
        "prune",
        "when",
        "environments",
        "rules",
        "overrides",
        "repositories",
        "defaults",
        "version",
        "workspace",
        "project",
        "exclude",
        "secured",
        "from_env",
        "value",
        "<<",
        "Test",
        "Production",
        "absent",
        "true",
        "1",
        "main",
        "x",
    ]
)
DOCUMENTS: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=30,
)


@given(DOCUMENTS)
def test_any_document_is_a_configuration_or_errors(document: object) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    lines = text.count("\n")

    for source in errors_of(PIPELINE | {"CONFIG_FILE": "file"}, file=text):
        _, line, column, *_ = source.split(" ")[0].split(":")
        assert 1 <= int(line) <= lines
        assert int(column) >= 1


@given(st.text("ab*?[", max_size=8), st.text("abAB[", max_size=8))
def test_globs_against_their_definition(pattern: str, name: str) -> None:
    def fits(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return any(fits(pattern[1:], name[start:]) for start in range(len(name) + 1))
        return bool(name) and pattern[0] in ("?", name[0]) and fits(pattern[1:], name[1:])

    assert glob_matches(pattern, name) is fits(pattern.lower(), name.lower())
