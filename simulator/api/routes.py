"""Routes: from method and path to a handler and the scopes it requires."""

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from simulator.api import account, branches, comments, insights, pipelines, repositories, variables
from simulator.api import environments as env
from simulator.api.call import Call
from simulator.http import Response

Handler: TypeAlias = Callable[[Call], Response]


class Scope(Struct, frozen=True):
    """The scope that a call requires: of an API token, and of a bearer token."""

    token: str
    bearer: str


READ: Final = Scope("read:pipeline:bitbucket", "pipeline")
WRITE: Final = Scope("admin:pipeline:bitbucket", "pipeline:write")
WRITE_VARIABLES: Final = Scope("admin:pipeline:bitbucket", "pipeline:variable")
CONFIGURE: Final = Scope("admin:repository:bitbucket", "repository:admin")
READ_REPOSITORY: Final = Scope("read:repository:bitbucket", "repository")
READ_WORKSPACE: Final = Scope("read:workspace:bitbucket", "repository")
READ_USER: Final = Scope("read:user:bitbucket", "account")
READ_COMMENTS: Final = Scope("read:pullrequest:bitbucket", "pullrequest")
WRITE_COMMENTS: Final = Scope("write:pullrequest:bitbucket", "pullrequest")


class Route(Struct, frozen=True):
    """A path, its methods, and whether it accepts a trailing slash.

    Attributes:
        segments: Parts of the path; a name in braces matches anything.
        methods: Handler and scope by method.
        slash: Whether a trailing slash is accepted.
        slash_forbidden_to_tokens: Whether a trailing slash answers 403 to an API token.
        proxied: Whether the in-pipe proxy serves it without credentials.
    """

    segments: tuple[str, ...]
    methods: dict[str, tuple[Handler, Scope]]
    slash: bool = False
    slash_forbidden_to_tokens: bool = False
    proxied: bool = False


_REPOSITORY: Final = "2.0/repositories/{workspace}/{repository}"
_INTERNAL: Final = "internal/repositories/{workspace}/{repository}/environments/{environment}"


def _route(path: str, methods: dict[str, tuple[Handler, Scope]], **more: bool) -> Route:
    return Route(tuple(path.split("/")), methods, **more)


ROUTES: Final = (
    _route(
        f"{_REPOSITORY}/environments",
        {"GET": (env.list_environments, READ), "POST": (env.create_environment, WRITE)},
        slash=True,
    ),
    _route(
        f"{_REPOSITORY}/environments/{{environment}}",
        {"GET": (env.read_environment, READ), "DELETE": (env.delete_environment, WRITE)},
    ),
    _route(
        f"{_REPOSITORY}/environments/{{environment}}/changes",
        {"POST": (env.change_environment, WRITE)},
        slash=True,
    ),
    _route(
        f"{_REPOSITORY}/deployments_config/environments/{{environment}}/variables",
        {
            "GET": (variables.list_variables, READ),
            "POST": (variables.create_variable, WRITE_VARIABLES),
        },
        slash_forbidden_to_tokens=True,
    ),
    _route(
        f"{_REPOSITORY}/deployments_config/environments/{{environment}}/variables/{{variable}}",
        {
            "PUT": (variables.update_variable, WRITE_VARIABLES),
            "DELETE": (variables.delete_variable, WRITE_VARIABLES),
        },
    ),
    _route(
        f"{_REPOSITORY}/pipelines_config/variables",
        {
            "GET": (variables.list_variables, READ),
            "POST": (variables.create_variable, WRITE_VARIABLES),
        },
        slash_forbidden_to_tokens=True,
    ),
    _route(
        f"{_REPOSITORY}/pipelines_config/variables/{{variable}}",
        {
            "GET": (variables.read_variable, READ),
            "PUT": (variables.update_variable, WRITE_VARIABLES),
            "DELETE": (variables.delete_variable, WRITE_VARIABLES),
        },
    ),
    _route(
        f"{_REPOSITORY}/pipelines_config",
        {"GET": (pipelines.read_config, CONFIGURE), "PUT": (pipelines.write_config, CONFIGURE)},
    ),
    _route("2.0/user", {"GET": (account.read_user, READ_USER)}),
    _route("2.0/user/workspaces", {"GET": (account.list_workspaces, READ_WORKSPACE)}),
    *(
        _route(path, {"GET": (account.removed_call, READ_REPOSITORY)}, slash=True)
        for path in (
            "2.0/workspaces",
            "2.0/repositories",
            "2.0/user/permissions/repositories",
            "2.0/user/permissions/workspaces",
        )
    ),
    _route(
        "2.0/workspaces/{workspace}/pipelines-config/variables",
        {"GET": (account.list_nothing, READ)},
        slash=True,
    ),
    _route(f"{_REPOSITORY}/deployments", {"GET": (account.list_nothing, READ)}, slash=True),
    _route(
        "2.0/workspaces/{workspace}",
        {"GET": (repositories.read_workspace, READ_WORKSPACE)},
        slash=True,
    ),
    _route(
        "2.0/repositories/{workspace}",
        {"GET": (repositories.list_repositories, READ_REPOSITORY)},
        slash=True,
    ),
    _route(
        _REPOSITORY,
        {"GET": (repositories.read_repository, READ_REPOSITORY)},
        slash=True,
    ),
    _route(
        f"{_REPOSITORY}/commit/{{commit}}/reports/{{report}}",
        {
            "GET": (insights.read_report, READ_REPOSITORY),
            "PUT": (insights.write_report, READ_REPOSITORY),
            "DELETE": (insights.delete_report, READ_REPOSITORY),
        },
        proxied=True,
    ),
    _route(
        f"{_REPOSITORY}/commit/{{commit}}/reports/{{report}}/annotations",
        {
            "GET": (insights.list_annotations, READ_REPOSITORY),
            "POST": (insights.write_annotations, READ_REPOSITORY),
        },
        proxied=True,
    ),
    _route(
        f"{_REPOSITORY}/pullrequests/{{pull_request}}/comments",
        {
            "GET": (comments.list_comments, READ_COMMENTS),
            "POST": (comments.create_comment, WRITE_COMMENTS),
        },
        slash=True,
    ),
    _route(
        f"{_REPOSITORY}/pullrequests/{{pull_request}}/comments/{{comment}}",
        {
            "GET": (comments.read_comment, READ_COMMENTS),
            "PUT": (comments.update_comment, WRITE_COMMENTS),
            "DELETE": (comments.delete_comment, WRITE_COMMENTS),
        },
    ),
    _route(
        f"{_INTERNAL}/branch-restrictions",
        {"GET": (branches.list_branches, READ), "POST": (branches.add_branch, WRITE)},
        slash=True,
    ),
    _route(
        f"{_INTERNAL}/branch-restrictions/{{restriction}}",
        {"DELETE": (branches.remove_branch, WRITE)},
    ),
)


class Match(Struct, frozen=True):
    """The route of a path, and the values of its placeholders."""

    route: Route
    arguments: dict[str, str]


_BY_LENGTH: Final[dict[int, list[Route]]] = {}
for _each in ROUTES:
    _BY_LENGTH.setdefault(len(_each.segments), []).append(_each)


def match(segments: tuple[str, ...]) -> Match | None:
    """Return the route of a path, given its decoded segments."""
    for route in _BY_LENGTH.get(len(segments), ()):
        arguments = _arguments(route.segments, segments)
        if arguments is not None:
            return Match(route, arguments)
    return None


def _arguments(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    arguments: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            arguments[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return arguments
