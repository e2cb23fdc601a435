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
    """A path and its methods.

    Attributes:
        segments: Parts of the path; a name in braces matches anything.
        slash: Whether a trailing slash is accepted.
        methods: Handler and scope by method.
    """

    segments: tuple[str, ...]
    slash: bool
    methods: dict[str, tuple[Handler, Scope]] = {}

    @property
    def slash_forbidden_to_tokens(self) -> bool:
        """Whether a trailing slash answers 403 to an API token."""
        return self.segments[-1] == "variables" and not self.slash

    @property
    def proxied(self) -> bool:
        """Whether the in-pipe proxy serves it without credentials."""
        return "reports" in self.segments


_REPOSITORY: Final = "2.0/repositories/{workspace}/{repository}"
_ENVIRONMENT: Final = _REPOSITORY + "/environments/{environment}"
_OF_ENVIRONMENT: Final = _REPOSITORY + "/deployments_config/environments/{environment}/variables"
_OF_REPOSITORY: Final = _REPOSITORY + "/pipelines_config/variables"
_REPORT: Final = _REPOSITORY + "/commit/{commit}/reports/{report}"
_COMMENTS: Final = _REPOSITORY + "/pullrequests/{pull_request}/comments"
_BRANCHES: Final = f"internal{_ENVIRONMENT.removeprefix('2.0')}/branch-restrictions"

_CALLS: Final[tuple[tuple[str, str, Handler, Scope], ...]] = (
    ("GET", _REPOSITORY + "/environments/", env.list_environments, READ),
    ("POST", _REPOSITORY + "/environments/", env.create_environment, WRITE),
    ("GET", _ENVIRONMENT, env.read_environment, READ),
    ("DELETE", _ENVIRONMENT, env.delete_environment, WRITE),
    ("POST", _ENVIRONMENT + "/changes/", env.change_environment, WRITE),
    ("GET", _OF_ENVIRONMENT, variables.list_variables, READ),
    ("POST", _OF_ENVIRONMENT, variables.create_variable, WRITE_VARIABLES),
    ("PUT", _OF_ENVIRONMENT + "/{variable}", variables.update_variable, WRITE_VARIABLES),
    ("DELETE", _OF_ENVIRONMENT + "/{variable}", variables.delete_variable, WRITE_VARIABLES),
    ("GET", _OF_REPOSITORY, variables.list_variables, READ),
    ("POST", _OF_REPOSITORY, variables.create_variable, WRITE_VARIABLES),
    ("GET", _OF_REPOSITORY + "/{variable}", variables.read_variable, READ),
    ("PUT", _OF_REPOSITORY + "/{variable}", variables.update_variable, WRITE_VARIABLES),
    ("DELETE", _OF_REPOSITORY + "/{variable}", variables.delete_variable, WRITE_VARIABLES),
    ("GET", _REPOSITORY + "/pipelines_config", pipelines.read_config, CONFIGURE),
    ("PUT", _REPOSITORY + "/pipelines_config", pipelines.write_config, CONFIGURE),
    ("GET", "2.0/user", account.read_user, READ_USER),
    ("GET", "2.0/user/workspaces", account.list_workspaces, READ_WORKSPACE),
    ("GET", "2.0/workspaces/", account.removed_call, READ_REPOSITORY),
    ("GET", "2.0/repositories/", account.removed_call, READ_REPOSITORY),
    ("GET", "2.0/user/permissions/repositories/", account.removed_call, READ_REPOSITORY),
    ("GET", "2.0/user/permissions/workspaces/", account.removed_call, READ_REPOSITORY),
    (
        "GET",
        "2.0/workspaces/{workspace}/pipelines-config/variables/",
        account.list_nothing,
        READ,
    ),
    ("GET", _REPOSITORY + "/deployments/", account.list_nothing, READ),
    ("GET", "2.0/workspaces/{workspace}/", repositories.read_workspace, READ_WORKSPACE),
    ("GET", "2.0/repositories/{workspace}/", repositories.list_repositories, READ_REPOSITORY),
    ("GET", _REPOSITORY + "/", repositories.read_repository, READ_REPOSITORY),
    ("GET", _REPORT, insights.read_report, READ_REPOSITORY),
    ("PUT", _REPORT, insights.write_report, READ_REPOSITORY),
    ("DELETE", _REPORT, insights.delete_report, READ_REPOSITORY),
    ("GET", _REPORT + "/annotations", insights.list_annotations, READ_REPOSITORY),
    ("POST", _REPORT + "/annotations", insights.write_annotations, READ_REPOSITORY),
    ("GET", _COMMENTS + "/", comments.list_comments, READ_COMMENTS),
    ("POST", _COMMENTS + "/", comments.create_comment, WRITE_COMMENTS),
    ("GET", _COMMENTS + "/{comment}", comments.read_comment, READ_COMMENTS),
    ("PUT", _COMMENTS + "/{comment}", comments.update_comment, WRITE_COMMENTS),
    ("DELETE", _COMMENTS + "/{comment}", comments.delete_comment, WRITE_COMMENTS),
    ("GET", _BRANCHES + "/", branches.list_branches, READ),
    ("POST", _BRANCHES + "/", branches.add_branch, WRITE),
    ("DELETE", _BRANCHES + "/{restriction}", branches.remove_branch, WRITE),
)
"""Every call: method, path (a slash at its end is optional), handler, and the scope it requires."""


class Match(Struct, frozen=True):
    """The route of a path, and the values of its placeholders."""

    route: Route
    arguments: dict[str, str]


def _routes() -> tuple[Route, ...]:
    routes: dict[str, Route] = {}
    for method, path, handler, scope in _CALLS:
        segments = tuple(path.rstrip("/").split("/"))
        route = routes.setdefault(path, Route(segments, path.endswith("/")))
        route.methods[method] = (handler, scope)
    return tuple(routes.values())


ROUTES: Final = _routes()


def match(segments: tuple[str, ...]) -> Match | None:
    """Return the route of a path, given its decoded segments."""
    for route in ROUTES:
        arguments = _arguments(route.segments, segments)
        if arguments is not None:
            return Match(route, arguments)
    return None


def _arguments(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    arguments: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            arguments[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return arguments
