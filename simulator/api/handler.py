"""Answer a request: authenticate, rate-limit, authorise, and call the handler of its route."""

from typing import Final
from urllib.parse import unquote

from msgspec.structs import replace

from simulator.api import oauth
from simulator.api.call import Call
from simulator.api.errors import (
    ApiError,
    lacks_scope,
    moved,
    no_such_api,
    not_found,
    rejected,
    removed,
    respond,
)
from simulator.api.partial_responses import select_fields
from simulator.api.routes import WRITE, Match, Scope, match
from simulator.behaviour.switches import Switches
from simulator.faults import RateLimited, rate_limit_response
from simulator.http import Headers, Request, Response
from simulator.simulator import Simulator
from simulator.state.credentials import Caller, CredentialKind, RejectionReason
from simulator.state.world import Repository, Workspace, find_repository

PROXY: Final = Caller(name="proxy", kind=CredentialKind.PROXY, scopes=frozenset())
"""The caller of a request that the in-pipe proxy authenticates."""

_NEAR_LIMIT: Final = 0.2


def serve(sim: Simulator, request: Request) -> Response:
    """Return the answer to a request, with all its effects."""
    if request.path.rstrip("/") == oauth.PATH:
        return oauth.token(request, sim.credentials, sim.switches, sim.clock())
    try:
        found = _route(sim.switches, request)
        caller = _authenticate(sim, request, found)
    except ApiError as error:
        return respond(error, sim.switches)
    wait = _reserve(sim, request, caller)
    if wait:
        return _rate_limited(sim, wait)
    try:
        response = select_fields(_call(sim, request, found, caller), request)
    except ApiError as error:
        response = respond(error, sim.switches)
    limits = _rate_limit_headers(sim, request, caller)
    return replace(response, headers=(*response.headers, *limits)) if limits else response


def _route(switches: Switches, request: Request) -> Match | None:
    raw = "{" in request.path or "}" in request.path
    if raw and switches.raw_braces == "refused":
        raise ApiError(400, "Bad request")
    return match(tuple(unquote(each) for each in request.path.strip("/").split("/")))


def _authenticate(sim: Simulator, request: Request, found: Match | None) -> Caller:
    authorization = request.header("Authorization")
    if authorization is None and request.proxied and found is not None and found.route.proxied:
        return PROXY
    caller = sim.credentials.authenticate(authorization, sim.clock())
    if isinstance(caller, RejectionReason):
        raise rejected(caller)
    return caller


def _is_limited(sim: Simulator, request: Request) -> bool:
    return sim.switches.rate_limit > 0 and request.path.startswith("/2.0/repositories/")


def _reserve(sim: Simulator, request: Request, caller: Caller) -> int:
    if not _is_limited(sim, request):
        return 0
    return sim.rate_limiter.reserve(caller.name, sim.switches.rate_limit, sim.clock())


def _rate_limited(sim: Simulator, wait: int) -> Response:
    switches = sim.switches
    fault = RateLimited(
        wait=wait,
        retry_after=switches.rate_limit_retry_after,
        reset=switches.rate_limit_reset,
        body=switches.rate_limit_body,
    )
    return rate_limit_response(fault, sim.clock())


def _rate_limit_headers(sim: Simulator, request: Request, caller: Caller) -> Headers:
    sent = sim.switches.rate_limit_headers and caller.kind is CredentialKind.ACCESS_TOKEN
    if not sent or not _is_limited(sim, request):
        return ()
    limit = sim.switches.rate_limit
    near = sim.rate_limiter.remaining(caller.name, limit) < limit * _NEAR_LIMIT
    return (
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Resource", "api"),
        ("X-RateLimit-NearLimit", str(near).lower()),
    )


def _call(sim: Simulator, request: Request, found: Match | None, caller: Caller) -> Response:
    if found is None:
        raise no_such_api()
    if request.method not in found.route.methods:
        allowed = ", ".join(found.route.methods)
        raise ApiError(405, f"Method {request.method} not allowed.", headers=(("Allow", allowed),))
    handler, scope = found.route.methods[request.method]
    _check_slash(request, found, caller, sim.switches)
    if sim.switches.scopes_checked:
        _check_scope(caller, scope, sim.switches)
    workspace, repository = _find(sim, request, found, caller)
    return handler(
        Call(
            sim=sim,
            request=request,
            caller=caller,
            arguments=found.arguments,
            found_workspace=workspace,
            found_repository=repository,
        )
    )


def _check_slash(request: Request, found: Match, caller: Caller, switches: Switches) -> None:
    tolerated = found.route.slash or switches.trailing_slash == "tolerated"
    if tolerated or not request.path.endswith("/"):
        return
    if not found.route.slash_forbidden_to_tokens:
        raise no_such_api()
    if caller.kind is CredentialKind.API_TOKEN:
        raise ApiError(403, "This API is not accessible by this authentication mechanism")


def _check_scope(caller: Caller, scope: Scope, switches: Switches) -> None:
    if caller.kind is CredentialKind.PROXY:
        return
    required = scope.token if caller.kind is CredentialKind.API_TOKEN else scope.bearer
    if scope is WRITE and caller.kind is not CredentialKind.API_TOKEN:
        required = switches.bearer_write_scope
    if not caller.may(required):
        raise lacks_scope(required, caller.scopes)


def _find(
    sim: Simulator, request: Request, found: Match, caller: Caller
) -> tuple[Workspace | None, Repository | None]:
    """Return the workspace and the repository that the path names."""
    if "workspace" not in found.arguments:
        return None, None
    workspace = _workspace(sim, found.arguments["workspace"])
    if "repository" not in found.arguments:
        return workspace, None
    slug = found.arguments["repository"]
    repository = find_repository(workspace, slug)
    if repository is not None and _is_visible(sim, repository, caller):
        return workspace, repository
    renamed = workspace.former_slugs.get(slug.lower())
    follows = renamed is not None and renamed.visible_to(caller)
    if renamed is None or not follows or sim.switches.renamed_repository == "404":
        raise not_found(f"Repository {workspace.slug}/{slug} not found")
    raise moved(int(sim.switches.renamed_repository), _new_address(request, renamed))


def _is_visible(sim: Simulator, repository: Repository, caller: Caller) -> bool:
    shown_from = repository.created + sim.switches.new_repository_404_seconds
    return repository.visible_to(caller) and sim.clock() >= shown_from


def _workspace(sim: Simulator, name: str) -> Workspace:
    workspace = sim.world.find_workspace(name)
    if workspace is None:
        raise not_found(f"No workspace with identifier '{name}'.")
    if workspace.access == "forbidden":
        raise ApiError(403, "You do not have access to this workspace.")
    if workspace.access == "removed":
        raise removed()
    return workspace


def _new_address(request: Request, repository: Repository) -> str:
    segments = request.path.split("/")
    segments[4] = repository.slug  # "", "2.0", "repositories", workspace, slug
    query = f"?{request.query}" if request.query else ""
    return f"{request.origin}{'/'.join(segments)}{query}"
