"""Bitbucket's calls, one method each, typed. Facts about them: `docs/bitbucket-api.md`."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod
from typing import Final, TypeVar, assert_never

from pipe.bitbucket import payloads, problems
from pipe.bitbucket.pagination import Ask, Complete, Incomplete, Listing, Page, page_parser
from pipe.bitbucket.requests import (
    AlreadyGone,
    Done,
    IdempotentRequest,
    Json,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
    json_content,
    segment,
)
from pipe.bitbucket.transport import Transport
from pipe.models.declaration import (
    EnvironmentType,
    PlainVariable,
    Repository,
    SecuredVariable,
    WritableVariable,
)
from pipe.models.errors import PipeError
from pipe.models.existing import (
    ExistingBranchRestriction,
    ExistingEnvironment,
    ExistingVariable,
    VariableOwner,
)

T = TypeVar("T")

_PAGE_LENGTH: Final = ("pagelen", "100")
_NOT_FOUND: Final = 404


class Bitbucket:
    """Bitbucket Cloud, as far as environments need it. Safe to share between threads.

    Every method returns what Bitbucket answered, or `Rejected` when it decided against the
    request; a POST returns `FateUnknown` when nobody knows whether it took effect.

    Raises:
        PipeError: A request could not be completed, or its answer makes no sense.
        RunOverError: Time, tries or quota ran out, or the run was asked to stop.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def environments(self, repository: Repository) -> tuple[ExistingEnvironment, ...] | Rejected:
        """Return all environments of a repository."""
        return self._list(
            f"{_repository(repository)}/environments",
            payloads.environment,
            identity=lambda environment: environment.uuid,
            what=f"environments of {repository}",
        )

    def environment(self, repository: Repository, uuid: str) -> ExistingEnvironment | Rejected:
        """Return one environment; what was just written shows here before it does in the list."""
        return self._transport.send(
            IdempotentRequest(
                method=HTTPMethod.GET,
                path=_environment(repository, uuid),
                parse=payloads.whole(payloads.environment),
            )
        )

    def create_environment(
        self,
        repository: Repository,
        name: str,
        type: EnvironmentType,  # noqa: A002 - Bitbucket's own name for it
        admin_only: bool | None,  # noqa: FBT001 - a field's value, not a switch of behaviour
    ) -> ExistingEnvironment | Rejected | OutcomeUnknown:
        """Create an environment, with its restriction in the same request where one is given."""
        body: dict[str, Json] = {
            "type": "deployment_environment",
            "name": name,
            "environment_type": {"name": str(type)},
        }
        if admin_only is not None:
            body["restrictions"] = {"admin_only": admin_only}
        return self._transport.send(
            NonIdempotentRequest(
                path=f"{_repository(repository)}/environments",
                content=json_content(body),
                parse=payloads.whole(payloads.environment),
            )
        )

    def change_environment(
        self,
        repository: Repository,
        uuid: str,
        *,
        name: str | None = None,
        admin_only: bool | None = None,
    ) -> Done | Rejected | OutcomeUnknown:
        """Queue a change of exactly what is given. Bitbucket answers 202: read back to see it."""
        change: dict[str, Json] = {}
        if name is not None:
            change["name"] = name
        if admin_only is not None:
            change["restrictions"] = {"admin_only": admin_only}
        return self._transport.send(
            NonIdempotentRequest(
                path=f"{_environment(repository, uuid)}/changes",
                content=json_content({"change": change}),
                parse=payloads.nothing,
            )
        )

    def delete_environment(
        self, repository: Repository, uuid: str
    ) -> Done | AlreadyGone | Rejected:
        """Delete an environment with all that it holds."""
        return self._delete(_environment(repository, uuid))

    def variables(self, owner: VariableOwner) -> tuple[ExistingVariable, ...] | Rejected:
        """Return all variables of an environment or repository; the list may lag behind writes."""
        whose = "" if owner.environment_uuid is None else "an environment of "
        return self._list(
            _variables(owner),
            payloads.variable,
            identity=lambda variable: variable.uuid,
            what=f"variables of {whose}{owner.repository}",
        )

    def create_variable(
        self, owner: VariableOwner, variable: WritableVariable
    ) -> ExistingVariable | Rejected | OutcomeUnknown:
        """Create a variable; 409 means that the key exists, whatever the list says."""
        return self._transport.send(
            NonIdempotentRequest(
                path=_variables(owner),
                content=json_content(_variable_body(variable)),
                parse=payloads.whole(payloads.variable),
            )
        )

    def update_variable(
        self, owner: VariableOwner, uuid: str, variable: WritableVariable
    ) -> ExistingVariable | Rejected:
        """Write key, value and whether it is secured, all three."""
        return self._transport.send(
            IdempotentRequest(
                method=HTTPMethod.PUT,
                path=f"{_variables(owner)}/{segment(uuid)}",
                content=json_content(_variable_body(variable)),
                parse=payloads.whole(payloads.variable),
            )
        )

    def delete_variable(self, owner: VariableOwner, uuid: str) -> Done | AlreadyGone | Rejected:
        """Delete a variable."""
        return self._delete(f"{_variables(owner)}/{segment(uuid)}")

    def branch_restrictions(
        self, repository: Repository, environment_uuid: str
    ) -> tuple[ExistingBranchRestriction, ...] | Rejected:
        """Return the branch patterns that may deploy (an internal endpoint of Bitbucket's)."""
        return self._list(
            f"{_branch_restrictions(repository, environment_uuid)}/",
            payloads.branch_restriction,
            identity=lambda restriction: restriction.uuid,
            what=f"branch restrictions of an environment of {repository}",
            paged=False,
        )

    def add_branch_restriction(
        self, repository: Repository, environment_uuid: str, pattern: str
    ) -> ExistingBranchRestriction | Rejected | OutcomeUnknown:
        """Let the branches that match `pattern` deploy."""
        return self._transport.send(
            NonIdempotentRequest(
                path=f"{_branch_restrictions(repository, environment_uuid)}/",
                content=json_content({"type": "branch_restriction_pattern", "pattern": pattern}),
                parse=payloads.whole(payloads.branch_restriction),
            )
        )

    def remove_branch_restriction(
        self, repository: Repository, environment_uuid: str, restriction_uuid: str
    ) -> Done | AlreadyGone | Rejected:
        """Let the branches of that pattern deploy no longer."""
        return self._delete(
            f"{_branch_restrictions(repository, environment_uuid)}/{segment(restriction_uuid)}"
        )

    def pipelines_enabled(self, repository: Repository) -> bool | Rejected:
        """Return whether Pipelines is on; Bitbucket answers 404 until it was on once."""
        answer = self._transport.send(
            IdempotentRequest(
                method=HTTPMethod.GET,
                path=f"{_repository(repository)}/pipelines_config",
                parse=payloads.whole(payloads.pipelines_enabled),
            )
        )
        if isinstance(answer, Rejected) and answer.status == _NOT_FOUND:
            return False
        return answer

    def enable_pipelines(self, repository: Repository) -> Done | Rejected:
        """Turn Pipelines on; the default environments may appear by that."""
        return self._transport.send(
            IdempotentRequest(
                method=HTTPMethod.PUT,
                path=f"{_repository(repository)}/pipelines_config",
                content=json_content(
                    {"type": "repository_pipelines_configuration", "enabled": True}
                ),
                parse=payloads.nothing,
            )
        )

    def repositories(self, workspace: str, project_key: str | None) -> tuple[str, ...] | Rejected:
        """Return the slugs of a workspace's repositories, or of one project's."""
        query: tuple[tuple[str, str], ...] = (("fields", "size,page,pagelen,next,values.slug"),)
        if project_key is not None:
            escaped = project_key.replace("\\", "\\\\").replace('"', '\\"')
            query += (("q", f'project.key="{escaped}"'),)
        return self._list(
            f"/2.0/repositories/{segment(workspace)}",
            payloads.repository_slug,
            identity=lambda slug: slug,
            what=f"repositories of {workspace}",
            query=query,
        )

    def _delete(self, path: str) -> Done | AlreadyGone | Rejected:
        return self._transport.send(payloads.deletion(path))

    def _list(
        self,
        path: str,
        item: Callable[[Json], T],
        *,
        identity: Callable[[T], str],
        what: str,
        query: tuple[tuple[str, str], ...] = (),
        paged: bool = True,
    ) -> tuple[T, ...] | Rejected:
        listing = Listing(identity=identity, paged=paged)
        while True:
            match listing.step:
                case Ask(number):
                    answer = self._transport.send(
                        IdempotentRequest(
                            method=HTTPMethod.GET,
                            path=path,
                            query=(*query, *_page(number, paged=paged)),
                            parse=page_parser(item),
                        )
                    )
                    if isinstance(answer, Rejected):
                        if number == 1 or answer.status != _NOT_FOUND:
                            return answer
                        answer = Page()  # some services answer 404 for a page past the end
                    listing = listing.take(answer)
                case Complete(items):
                    return items
                case Incomplete(found, size):
                    raise PipeError(problems.list_incomplete(what, found, size))
                case unexpected:
                    assert_never(unexpected)


def _page(number: int, *, paged: bool) -> tuple[tuple[str, str], ...]:
    """Return what asks for a page; the first page of an unpaged list is asked for as documented."""
    if number > 1:
        return (_PAGE_LENGTH, ("page", str(number)))
    return (_PAGE_LENGTH,) if paged else ()


def _repository(repository: Repository) -> str:
    return f"/2.0/repositories/{segment(repository.workspace)}/{segment(repository.slug)}"


def _environment(repository: Repository, uuid: str) -> str:
    return f"{_repository(repository)}/environments/{segment(uuid)}"


def _variables(owner: VariableOwner) -> str:
    if owner.environment_uuid is None:
        return f"{_repository(owner.repository)}/pipelines_config/variables"
    environment = segment(owner.environment_uuid)
    return (
        f"{_repository(owner.repository)}/deployments_config/environments/{environment}/variables"
    )


def _branch_restrictions(repository: Repository, environment_uuid: str) -> str:
    return (
        f"/internal/repositories/{segment(repository.workspace)}/{segment(repository.slug)}"
        f"/environments/{segment(environment_uuid)}/branch-restrictions"
    )


def _variable_body(variable: WritableVariable) -> dict[str, Json]:
    body: dict[str, Json] = {"type": "pipeline_variable", "key": variable.key}
    match variable:
        case PlainVariable(value=value):
            return {**body, "value": value, "secured": False}
        case SecuredVariable(value=secret):
            return {**body, "value": secret.get_secret_value(), "secured": True}
        case _:
            assert_never(variable)
