"""From a request to the right answer, before any trouble: who calls, may they, and what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from simulator.api import oauth
from simulator.api.call import Call
from simulator.api.errors import ApiError, lacks_scope, no_such_api, not_found, rejected, respond
from simulator.api.partial_responses import select_fields
from simulator.api.routes import WRITE, Match, Scope, match
from simulator.behaviour.choices import Slash, Verdict, WriteScope
from simulator.faults import RateLimited, limited
from simulator.http import Headers, Request, Response
from simulator.state.credentials import Caller, Kind, Rejection
from simulator.state.world import Access, Repository, Workspace, find_repository

if TYPE_CHECKING:
    from simulator.simulator import Simulator

PROXY: Final = Caller(name="proxy", kind=Kind.PROXY, scopes=frozenset())
_NEARLY: Final = 0.2


def serve(sim: Simulator, request: Request) -> Response:
    """Answer a request with all its effects."""
    if request.path.rstrip("/") == oauth.PATH:
        return oauth.token(request, sim.credentials, sim.switches, sim.clock())
    try:
        found = _find(sim, request)
        caller = _caller(sim, request, found)
    except ApiError as error:
        return respond(error, sim.switches.error_bodies)
    wait = _spend(sim, request, caller)
    if wait:
        return _too_many(sim, wait)
    try:
        response = select_fields(_call_api(sim, request, found, caller), request)
    except ApiError as error:
        response = respond(error, sim.switches.error_bodies)
    headers = (*response.headers, *_limit_headers(sim, request, caller))
    return replace(response, headers=headers)


def _find(sim: Simulator, request: Request) -> Match | None:
    raw = "{" in request.path or "}" in request.path
    if raw and sim.switches.raw_braces is Verdict.REFUSED:
        raise ApiError(400, "Bad request")
    return match(tuple(unquote(each) for each in request.path.strip("/").split("/")))


def _call_api(sim: Simulator, request: Request, found: Match | None, caller: Caller) -> Response:
    if found is None:
        raise no_such_api()
    if request.method not in found.route.methods:
        allowed = ", ".join(found.route.methods)
        raise ApiError(405, f"Method {request.method} not allowed.", headers=(("Allow", allowed),))
    handler, scope = found.route.methods[request.method]
    _check_slash(request, found, caller, sim.switches.trailing_slash)
    if sim.switches.scopes_checked:
        _check_scope(caller, scope, sim.switches.bearer_write_scope)
    workspace = _workspace(sim, found)
    call = Call(
        request=request,
        caller=caller,
        arguments=found.arguments,
        origin=f"{request.scheme}://{request.header('Host') or 'api.bitbucket.org'}",
        switches=sim.switches,
        now=sim.clock(),
        random=sim.random,
        journal=sim.journal,
        pending=sim.pending,
        found_workspace=workspace,
        found_repository=_repository(found, workspace, caller),
    )
    return handler(call)


def _caller(sim: Simulator, request: Request, found: Match | None) -> Caller:
    authorization = request.header("Authorization")
    if authorization is None and request.proxied and found is not None and found.route.proxied:
        return PROXY
    caller = sim.credentials.authenticate(authorization, sim.clock())
    if isinstance(caller, Rejection):
        raise rejected(caller.reason)
    return caller


def _limited(sim: Simulator, request: Request) -> bool:
    return sim.switches.rate_limit > 0 and request.path.startswith("/2.0/repositories/")


def _spend(sim: Simulator, request: Request, caller: Caller) -> int:
    if not _limited(sim, request):
        return 0
    return sim.budgets.spend(caller.name, sim.switches.rate_limit, sim.clock())


def _too_many(sim: Simulator, wait: int) -> Response:
    switches = sim.switches
    fault = RateLimited(
        wait=wait,
        retry_after=switches.rate_limit_retry_after,
        reset=switches.rate_limit_reset,
        body=switches.rate_limit_body,
    )
    return limited(fault, sim.clock())


def _limit_headers(sim: Simulator, request: Request, caller: Caller) -> Headers:
    told = sim.switches.rate_limit_headers and caller.kind is Kind.ACCESS_TOKEN
    if not told or not _limited(sim, request):
        return ()
    limit = sim.switches.rate_limit
    near = sim.budgets.left(caller.name, limit) < limit * _NEARLY
    return (
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Resource", "api"),
        ("X-RateLimit-NearLimit", str(near).lower()),
    )


def _check_slash(request: Request, found: Match, caller: Caller, slash: Slash) -> None:
    if not request.path.endswith("/") or found.route.slash or slash is Slash.TOLERATED:
        return
    if not found.route.slash_forbidden_to_tokens:
        raise no_such_api()
    if caller.kind is Kind.API_TOKEN:
        raise ApiError(403, "This API is not accessible by this authentication mechanism")


def _check_scope(caller: Caller, scope: Scope, bearer_write: WriteScope) -> None:
    if caller.kind is Kind.PROXY:
        return
    required = scope.token if caller.kind is Kind.API_TOKEN else scope.bearer
    if scope is WRITE and caller.kind is not Kind.API_TOKEN:
        required = bearer_write
    if not caller.may(required):
        raise lacks_scope(required, caller.scopes)


def _workspace(sim: Simulator, found: Match) -> Workspace:
    name = found.arguments["workspace"]
    workspace = sim.world.workspace(name)
    if workspace is None:
        message = f"No workspace with identifier '{name}'."
        raise not_found(message)
    if workspace.access is Access.FORBIDDEN:
        raise ApiError(403, "You do not have access to this workspace.")
    if workspace.access is Access.REMOVED:
        raise ApiError(410, "This workspace is no longer available.")
    return workspace


def _repository(found: Match, workspace: Workspace, caller: Caller) -> Repository | None:
    name = found.arguments.get("repository")
    if name is None:
        return None
    repository = find_repository(workspace, name)
    if repository is None or not repository.visible_to(caller):
        message = f"Repository {workspace.slug}/{name} not found"
        raise not_found(message)
    return repository
