from typing import Final

import pytest

from pipe.bitbucket import payloads
from pipe.bitbucket.requests import Answer, Done, Json, UnparseableError
from pipe.models.declaration import EnvironmentType
from pipe.models.existing import ExistingBranchRestriction, ExistingEnvironment, ExistingVariable

SENSELESS: Final[list[Json]] = [None, True, 1, 1.5, "x", [], [{}], {}, {"uuid": "{a}"}]


def test_an_environment_is_read() -> None:
    value: Json = {
        "type": "deployment_environment",
        "uuid": "{a}",
        "name": "Test-42",
        "slug": "test-42",
        "rank": 2,
        "environment_type": {"type": "deployment_environment_type", "name": "Test", "rank": 0},
        "restrictions": {"type": "deployment_restrictions_configuration", "admin_only": True},
        "lock_opener": {"unknown": [1]},
    }

    assert payloads.environment(value) == ExistingEnvironment(
        uuid="{a}", name="Test-42", type=EnvironmentType.TEST, admin_only=True, slug="test-42"
    )


def test_only_uuid_and_name_are_sure() -> None:
    assert payloads.environment({"uuid": "{a}", "name": "T"}) == ExistingEnvironment(
        uuid="{a}", name="T"
    )


@pytest.mark.parametrize("value", [None, 3, "Test", [], {}, {"name": None}, {"name": "Sandbox"}])
def test_an_unknown_type_is_none(value: Json) -> None:
    read = payloads.environment({"uuid": "{a}", "name": "T", "environment_type": value})

    assert read.type is None


def test_a_type_is_known_in_any_case() -> None:
    read = payloads.environment(
        {"uuid": "{a}", "name": "T", "environment_type": {"name": "pRODUCTION"}}
    )

    assert read.type is EnvironmentType.PRODUCTION


@pytest.mark.parametrize("value", [None, True, [], {}, {"admin_only": None}, {"admin_only": 1}])
def test_a_restriction_that_is_missing_or_no_boolean_is_none(value: Json) -> None:
    read = payloads.environment({"uuid": "{a}", "name": "T", "restrictions": value})

    assert read.admin_only is None
    assert read.is_admin_only_unreadable == (value == {"admin_only": 1})


@pytest.mark.parametrize("value", [*SENSELESS, {"uuid": "", "name": "T"}, {"uuid": 3, "name": "T"}])
def test_what_is_no_environment_is_unparseable(value: Json) -> None:
    with pytest.raises(UnparseableError):
        payloads.environment(value)


@pytest.mark.parametrize(
    ("fields", "value", "secured"),
    [
        ({"value": "x", "secured": False}, "x", False),
        ({"value": "", "secured": False}, "", False),
        ({"secured": False}, "", False),
        ({"value": None, "secured": False}, "", False),
        ({"secured": True}, None, True),
        ({"value": "", "secured": True}, None, True),
        ({"value": "leaked", "secured": True}, None, True),
        ({"value": "x"}, "x", False),
        ({}, None, True),
    ],
)
def test_a_variable_is_read(fields: dict[str, Json], value: str | None, secured: bool) -> None:
    read = payloads.variable({"uuid": "{v}", "key": "K", "accountUuid": "{a}", **fields})

    assert read == ExistingVariable(uuid="{v}", key="K", value=value, secured=secured)


@pytest.mark.parametrize("value", [*SENSELESS, {"uuid": "{v}", "key": "K", "value": 3}])
def test_what_is_no_variable_is_unparseable(value: Json) -> None:
    with pytest.raises(UnparseableError):
        payloads.variable(value)


def test_a_branch_restriction_is_read() -> None:
    read = payloads.branch_restriction(
        {"uuid": "{b}", "pattern": "release/*", "environmentUuid": 1}
    )

    assert read == ExistingBranchRestriction(uuid="{b}", pattern="release/*")


@pytest.mark.parametrize("value", SENSELESS)
def test_what_is_no_branch_restriction_is_unparseable(value: Json) -> None:
    with pytest.raises(UnparseableError):
        payloads.branch_restriction(value)


@pytest.mark.parametrize(
    ("value", "enabled"),
    [({"enabled": True}, True), ({"enabled": False}, False), ({}, False), ({"enabled": 1}, False)],
)
def test_whether_pipelines_is_on(value: Json, enabled: bool) -> None:
    assert payloads.pipelines_enabled(value) is enabled


def test_a_configuration_that_is_no_object_is_unparseable() -> None:
    with pytest.raises(UnparseableError):
        payloads.pipelines_enabled([])


def test_a_repository_is_its_slug() -> None:
    assert payloads.repository_slug({"slug": "shop"}) == "shop"
    with pytest.raises(UnparseableError):
        payloads.repository_slug({"name": "Shop"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"\xff\xfe",
        b"\x80",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 10_000,
    ],
    ids=range(11),
)
def test_what_is_not_json_is_unparseable(body: bytes) -> None:
    with pytest.raises(UnparseableError):
        payloads.read_json(body)


def test_a_byte_order_mark_does_not_matter() -> None:
    assert payloads.read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_lone_surrogates_are_replaced_and_pairs_are_not() -> None:
    value = payloads.read_json(rb'{"uuid": "{a}", "name": "x\ud800y \ud83d\ude00"}')

    name = payloads.environment(value).name

    assert name == "x\ufffdy \U0001f600"
    assert name.encode()


@pytest.mark.parametrize(
    ("status", "body"), [(202, b""), (204, b""), (202, b"<p>"), (200, b"{}"), (201, b"null")]
)
def test_a_write_is_accepted(status: int, body: bytes) -> None:
    assert payloads.accepted(Answer(status, {}, body)) == Done()


@pytest.mark.parametrize("body", [b"", b"<html>login</html>"])
def test_a_stranger_s_ok_is_no_answer_to_an_order(body: bytes) -> None:
    with pytest.raises(UnparseableError):
        payloads.accepted(Answer(200, {}, body))
