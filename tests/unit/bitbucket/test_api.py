"""Every call: where it goes, what it says, what it gives back."""

import threading
from collections.abc import Callable
from typing import Final

import httpx
import pytest
from pydantic import SecretStr

from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.requests import Done, OutcomeUnknown, Rejected
from pipe.models.declaration import EnvironmentType, PlainVariable, Repository, SecuredVariable
from pipe.models.errors import ExitCode, PipeError, Problem
from pipe.models.existing import (
    ExistingBranchRestriction,
    ExistingEnvironment,
    ExistingVariable,
    VariableOwner,
)
from tests.unit.bitbucket.doubles import SHOP, connect, environment, page

BASE = "/2.0/repositories/acme/shop"
INTERNAL = "/internal/repositories/acme/shop/environments/%7Be%7D/branch-restrictions"
VARIABLES = f"{BASE}/deployments_config/environments/%7Be%7D/variables"
NOT_FOUND = {"type": "error", "error": {"message": "Not found"}}

Call = Callable[[Bitbucket], object]


def test_environments_are_listed_with_one_request() -> None:
    line = connect([page(environment("Test"), environment("Live"), size=2, pagelen=100)])

    listed = line.bitbucket.environments(SHOP)

    assert listed == (
        ExistingEnvironment(uuid="{Test}", name="Test"),
        ExistingEnvironment(uuid="{Live}", name="Live"),
    )
    assert line.sent == [("GET", f"{BASE}/environments?pagelen=100")]


def test_next_is_never_followed() -> None:
    elsewhere = "https://elsewhere.example/2.0/steal"
    line = connect(
        [
            page(environment("A"), size=2, pagelen=1, next=elsewhere),
            page(environment("B"), size=2, pagelen=1),
        ]
    )

    line.bitbucket.environments(SHOP)

    assert {each.url.host for each in line.requests} == {"api.bitbucket.example"}
    assert [path for _, path in line.sent] == [
        f"{BASE}/environments?pagelen=100",
        f"{BASE}/environments?pagelen=100&page=2",
    ]


def test_a_page_past_the_end_may_be_answered_with_404() -> None:
    line = connect([page(environment("A")), httpx.Response(404, json=NOT_FOUND)])

    assert line.bitbucket.environments(SHOP) == (ExistingEnvironment(uuid="{A}", name="A"),)


@pytest.mark.parametrize("status", [403, 404])
def test_a_list_that_is_not_found_is_not_empty(status: int) -> None:
    line = connect([httpx.Response(status, json=NOT_FOUND)])

    assert line.bitbucket.environments(SHOP) == Rejected(status=status, message="Not found")


def test_a_later_page_that_is_refused_is_no_end() -> None:
    line = connect([page(environment("A")), httpx.Response(403, json=NOT_FOUND)])

    assert line.bitbucket.environments(SHOP) == Rejected(status=403, message="Not found")


def test_a_list_that_stays_short_is_an_error() -> None:
    line = connect(lambda _: page(environment("A"), size=3, pagelen=100))

    with pytest.raises(PipeError) as caught:
        line.bitbucket.environments(SHOP)

    assert caught.value.problem.key == "list-incomplete"
    assert caught.value.problem.code is ExitCode.INCOMPLETE
    assert "3" in caught.value.problem.why
    assert "acme/shop" in caught.value.problem.what


def test_an_environment_is_read() -> None:
    line = connect([httpx.Response(200, json=environment("Test", uuid="{E}"))])

    assert line.bitbucket.environment(SHOP, "{e}") == ExistingEnvironment(uuid="{E}", name="Test")
    assert line.sent == [("GET", f"{BASE}/environments/%7Be%7D")]


OTHER_VARIABLE: Final = {"uuid": "{v}", "key": "OTHER", "value": "x", "secured": False}
ABOUT_SOMETHING_ELSE: Final[tuple[tuple[Call, dict[str, object]], ...]] = (
    (lambda api: api.environment(SHOP, "{e}"), environment("Test")),
    (
        lambda api: api.create_environment(SHOP, "Test", EnvironmentType.TEST, admin_only=None),
        environment("Else"),
    ),
    (
        lambda api: api.create_variable(VariableOwner(SHOP, "{e}"), PlainVariable("K", "x")),
        OTHER_VARIABLE,
    ),
    (
        lambda api: api.update_variable(VariableOwner(SHOP, "{e}"), "{v}", PlainVariable("K", "x")),
        OTHER_VARIABLE,
    ),
    (
        lambda api: api.update_variable(
            VariableOwner(SHOP, "{e}"), "{w}", PlainVariable("OTHER", "x")
        ),
        OTHER_VARIABLE,
    ),
    (
        lambda api: api.add_branch_restriction(SHOP, "{e}", "main"),
        {"uuid": "{r}", "pattern": "**"},
    ),
)


@pytest.mark.parametrize(("call", "body"), ABOUT_SOMETHING_ELSE)
def test_an_answer_about_something_else_proves_nothing(call: Call, body: dict[str, object]) -> None:
    line = connect(lambda _: httpx.Response(200, json=body))

    try:
        answer = call(line.bitbucket)
    except PipeError as error:
        answer = error.problem

    assert isinstance(answer, OutcomeUnknown | Problem)
    assert "something else" in repr(answer)


@pytest.mark.parametrize(
    ("admin_only", "more"),
    [
        (None, {}),
        (True, {"restrictions": {"admin_only": True}}),
        (False, {"restrictions": {"admin_only": False}}),
    ],
)
def test_an_environment_is_created(admin_only: bool | None, more: dict[str, object]) -> None:
    line = connect([httpx.Response(201, json=environment("Test"))])

    created = line.bitbucket.create_environment(
        SHOP, "Test", EnvironmentType.TEST, admin_only=admin_only
    )

    assert created == ExistingEnvironment(uuid="{Test}", name="Test")
    assert line.sent == [("POST", f"{BASE}/environments")]
    assert line.bodies == [
        {
            "type": "deployment_environment",
            "name": "Test",
            "environment_type": {"name": "Test"},
            **more,
        }
    ]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (lambda b: b.change_environment(SHOP, "{e}", name="T-42"), {"change": {"name": "T-42"}}),
        (
            lambda b: b.change_environment(SHOP, "{e}", admin_only=False),
            {"change": {"restrictions": {"admin_only": False}}},
        ),
        (
            lambda b: b.change_environment(SHOP, "{e}", name="T", admin_only=True),
            {"change": {"name": "T", "restrictions": {"admin_only": True}}},
        ),
    ],
)
def test_a_change_says_exactly_what_is_to_change(call: Call, body: object) -> None:
    line = connect([httpx.Response(202)])

    assert call(line.bitbucket) == Done()
    assert line.sent == [("POST", f"{BASE}/environments/%7Be%7D/changes")]
    assert line.bodies == [body]


def test_variables_are_listed() -> None:
    line = connect(
        [
            page(
                {"uuid": "{a}", "key": "A", "value": "x", "secured": False},
                {"uuid": "{b}", "key": "B", "secured": True},
                size=2,
            )
        ]
    )

    assert line.bitbucket.variables(VariableOwner(SHOP, "{e}")) == (
        ExistingVariable(uuid="{a}", key="A", value="x", secured=False),
        ExistingVariable(uuid="{b}", key="B", value=None, secured=True),
    )
    assert line.sent == [("GET", f"{VARIABLES}?pagelen=100")]


def test_a_repository_without_an_environment_owns_variables_too() -> None:
    line = connect([page({"uuid": "{a}", "key": "A", "value": "x"}, size=1)])
    owner = VariableOwner(SHOP)

    assert line.bitbucket.variables(owner) == (
        ExistingVariable(uuid="{a}", key="A", value="x", secured=False),
    )
    assert line.sent == [("GET", f"{BASE}/pipelines_config/variables?pagelen=100")]


@pytest.mark.parametrize(
    ("variable", "body"),
    [
        (PlainVariable("K", "v é\n"), {"key": "K", "value": "v é\n", "secured": False}),
        (SecuredVariable("K", SecretStr("s")), {"key": "K", "value": "s", "secured": True}),
    ],
)
def test_a_variable_is_written_whole(
    variable: PlainVariable | SecuredVariable, body: dict[str, object]
) -> None:
    answer = {"uuid": "{v}", "accountUuid": "{a}", **body}
    line = connect([httpx.Response(201, json=answer), httpx.Response(200, json=answer)])

    created = line.bitbucket.create_variable(VariableOwner(SHOP, "{e}"), variable)
    updated = line.bitbucket.update_variable(VariableOwner(SHOP, "{e}"), "{v}", variable)

    assert created == updated
    assert isinstance(created, ExistingVariable)
    assert created.secured is body["secured"]
    assert line.sent == [("POST", VARIABLES), ("PUT", f"{VARIABLES}/%7Bv%7D")]
    assert line.bodies == [{"type": "pipeline_variable", **body}] * 2


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda b: b.delete_environment(SHOP, "{e}"), f"{BASE}/environments/%7Be%7D"),
        (lambda b: b.delete_variable(VariableOwner(SHOP, "{e}"), "{v}"), f"{VARIABLES}/%7Bv%7D"),
        (lambda b: b.remove_branch_restriction(SHOP, "{e}", "{r}"), f"{INTERNAL}/%7Br%7D"),
    ],
)
def test_what_is_deleted(call: Call, path: str) -> None:
    line = connect([httpx.Response(204)])

    assert call(line.bitbucket) == Done()
    assert line.sent == [("DELETE", path)]


def test_branch_restrictions_are_read_with_one_request() -> None:
    """The documented answer holds nothing but the values: that list is not paged."""
    line = connect([page({"uuid": "{r}", "pattern": "main"}, {"uuid": "{s}", "pattern": "rel/*"})])

    assert line.bitbucket.branch_restrictions(SHOP, "{e}") == (
        ExistingBranchRestriction(uuid="{r}", pattern="main"),
        ExistingBranchRestriction(uuid="{s}", pattern="rel/*"),
    )
    assert line.sent == [("GET", f"{INTERNAL}/")]


def test_a_branch_restriction_is_added() -> None:
    line = connect([httpx.Response(201, json={"uuid": "{r}", "pattern": "main"})])

    added = line.bitbucket.add_branch_restriction(SHOP, "{e}", "main")

    assert added == ExistingBranchRestriction(uuid="{r}", pattern="main")
    assert line.sent == [("POST", f"{INTERNAL}/")]
    assert line.bodies == [{"type": "branch_restriction_pattern", "pattern": "main"}]


@pytest.mark.parametrize(
    ("reply", "enabled"),
    [
        (httpx.Response(200, json={"enabled": True}), True),
        (httpx.Response(200, json={"enabled": False}), False),
        (httpx.Response(404, json=NOT_FOUND), False),
        (httpx.Response(403, json=NOT_FOUND), Rejected(status=403, message="Not found")),
    ],
)
def test_whether_pipelines_is_on(reply: httpx.Response, enabled: bool | Rejected) -> None:
    line = connect([reply])

    assert line.bitbucket.pipelines_enabled(SHOP) == enabled
    assert line.sent == [("GET", f"{BASE}/pipelines_config")]


def test_pipelines_is_turned_on() -> None:
    line = connect([httpx.Response(200, json={"enabled": True})])

    assert line.bitbucket.enable_pipelines(SHOP) == Done()
    assert line.sent == [("PUT", f"{BASE}/pipelines_config")]
    assert line.bodies == [{"type": "repository_pipelines_configuration", "enabled": True}]


def test_repositories_are_listed_with_few_bytes() -> None:
    line = connect([page({"slug": "shop"}, {"slug": "blog"}, size=2)])

    assert line.bitbucket.repositories("acme", None) == ("shop", "blog")
    assert dict(line.requests[0].url.params) == {
        "fields": "size,page,pagelen,next,values.slug",
        "pagelen": "100",
    }
    assert line.requests[0].url.path == "/2.0/repositories/acme"


def test_the_repositories_of_a_project_are_asked_for() -> None:
    line = connect([page(size=0)])

    assert line.bitbucket.repositories("acme", 'P"\\') == ()
    assert line.requests[0].url.params["q"] == 'project.key="P\\"\\\\"'


def test_slugs_are_encoded() -> None:
    line = connect([page(size=0)])

    line.bitbucket.environments(Repository("{ws}", "a/../b"))

    assert line.sent[0][1].startswith("/2.0/repositories/%7Bws%7D/a%2F..%2Fb/environments")


POSTS: list[Call] = [
    lambda b: b.create_environment(SHOP, "Test", EnvironmentType.TEST, admin_only=None),
    lambda b: b.change_environment(SHOP, "{e}", name="T"),
    lambda b: b.create_variable(VariableOwner(SHOP, "{e}"), PlainVariable("K", "v")),
    lambda b: b.add_branch_restriction(SHOP, "{e}", "main"),
]


@pytest.mark.parametrize("call", POSTS)
def test_a_post_whose_outcome_is_unknown_is_sent_once(call: Call) -> None:
    line = connect([httpx.RemoteProtocolError("Server disconnected")])

    assert isinstance(call(line.bitbucket), OutcomeUnknown)
    assert len(line.requests) == 1


def test_further_pages_are_fetched_together() -> None:
    together = threading.Barrier(3, timeout=60)
    asked: list[int] = []

    def service(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        asked.append(number)
        if number > 1:
            together.wait()
        names = [str(2 * number), str(2 * number + 1)][: 1 if number == 4 else 2]
        return page(*map(environment, names), size=7, pagelen=2)

    listed = Bitbucket(connect(service).transport, workers=8).environments(SHOP)

    assert not isinstance(listed, Rejected)
    assert [each.name for each in listed] == ["2", "3", "4", "5", "6", "7", "8"]
    assert sorted(asked) == [1, 2, 3, 4]


def test_a_wrong_size_costs_no_more_pages_than_there_are_workers() -> None:
    asked: list[int] = []

    def service(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        asked.append(number)
        names = [] if number > 9 else [str(2 * number), str(2 * number + 1)]
        return page(*map(environment, names), size=10**9, pagelen=2)

    with pytest.raises(PipeError, match="can't be read completely"):
        Bitbucket(connect(service).transport, workers=3).environments(SHOP)
    assert max(asked) <= 9 + 3


def test_a_rejected_page_among_several_rejects_the_list() -> None:
    def service(request: httpx.Request) -> httpx.Response:
        number = request.url.params.get("page", "1")
        if number == "3":
            return httpx.Response(403)
        return page(environment(f"{number}a"), environment(f"{number}b"), size=7, pagelen=2)

    listed = Bitbucket(connect(service).transport, workers=4).environments(SHOP)

    assert listed == Rejected(status=403)
