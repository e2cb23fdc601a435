"""Client of Bitbucket's API: one typed method for each call. Facts: `docs/bitbucket-api.md`."""

from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Final, TypeVar

from msgspec import Struct

from pipe.bitbucket import payloads, problems
from pipe.bitbucket.pagination import Incomplete, ListReader, Page, page_parser
from pipe.bitbucket.requests import (
    AlreadyGone,
    Answer,
    Content,
    Done,
    IdempotentRequest,
    Json,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
    json_content,
    segment,
)
from pipe.bitbucket.retry import Attempts
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


class Bitbucket(Struct, frozen=True, eq=False):
    """Bitbucket Cloud, as far as environments need it. Safe to share between threads.

    Attributes:
        workers: How many pages of a list to fetch at the same time.

    Every method returns the decoded answer, or `Rejected` when Bitbucket refused the request; a
    POST returns `OutcomeUnknown` when it may or may not have taken effect. To send a POST again
    after a read, pass the `attempts` of its first send.

    Raises:
        PipeError: The request could not be completed, or its answer is unparseable.
        RunOverError: Time, attempts or quota ran out, or the run was asked to stop.
    """

    transport: Transport
    workers: int = 1

    def attempts(self) -> Attempts:
        """Return a counter for a POST that may be sent several times, with reads in between."""
        return self.transport.attempts()

    def environments(self, repository: Repository) -> tuple[ExistingEnvironment, ...] | Rejected:
        """Return all environments of a repository; the list may lag behind writes [likely]."""
        return self._list(
            f"{_repository(repository)}/environments",
            payloads.environment,
            identity=lambda environment: environment.uuid,
            what=f"environments of {repository}",
        )

    def environment(self, repository: Repository, uuid: str) -> ExistingEnvironment | Rejected:
        """Return one environment; a write shows here before it does in the list [sure]."""
        return self._get(
            _environment(repository, uuid),
            payloads.parser(payloads.environment, uuid=uuid),
        )

    def create_environment(
        self,
        repository: Repository,
        name: str,
        kind: EnvironmentType,
        attempts: Attempts | None = None,
        *,
        admin_only: bool | None,
    ) -> ExistingEnvironment | Rejected | OutcomeUnknown:
        """Create an environment, with its restriction in the same request if one is given."""
        body: dict[str, Json] = {
            "type": "deployment_environment",
            "name": name,
            "environment_type": {"name": str(kind)},
        }
        if admin_only is not None:
            body["restrictions"] = {"admin_only": admin_only}
        path = f"{_repository(repository)}/environments"
        parse = payloads.parser(payloads.environment, name=name)
        return self._post(path, json_content(body), parse, attempts)

    def change_environment(
        self,
        repository: Repository,
        uuid: str,
        attempts: Attempts | None = None,
        *,
        name: str | None = None,
        admin_only: bool | None = None,
    ) -> Done | Rejected | OutcomeUnknown:
        """Queue a change of exactly the given fields.

        Bitbucket answers 202 with an empty body [sure]: read the environment back to verify.
        """
        change: dict[str, Json] = {}
        if name is not None:
            change["name"] = name
        if admin_only is not None:
            change["restrictions"] = {"admin_only": admin_only}
        path = f"{_environment(repository, uuid)}/changes"
        return self._post(path, json_content({"change": change}), payloads.accepted, attempts)

    def delete_environment(
        self, repository: Repository, uuid: str
    ) -> Done | AlreadyGone | Rejected:
        """Delete an environment with all its variables."""
        return self.transport.send(payloads.deletion(_environment(repository, uuid)))

    def variables(self, owner: VariableOwner) -> tuple[ExistingVariable, ...] | Rejected:
        """Return all variables of an environment or repository.

        The list lags behind writes [sure]. It is empty for an environment that does not exist
        [likely], so it proves nothing about the environment.
        """
        whose = "" if owner.environment_uuid is None else "an environment of "
        return self._list(
            _variables(owner),
            payloads.variable,
            identity=lambda variable: variable.uuid,
            what=f"variables of {whose}{owner.repository}",
        )

    def create_variable(
        self,
        owner: VariableOwner,
        variable: WritableVariable,
        attempts: Attempts | None = None,
    ) -> ExistingVariable | Rejected | OutcomeUnknown:
        """Create a variable; 409 means that the key exists, even if the list lacks it [likely]."""
        parse = payloads.parser(payloads.variable, key=variable.key)
        return self._post(_variables(owner), _variable_content(variable), parse, attempts)

    def update_variable(
        self, owner: VariableOwner, uuid: str, variable: WritableVariable
    ) -> ExistingVariable | Rejected:
        """Write the key, the value and whether it is secured: all three, always [sure]."""
        path = f"{_variables(owner)}/{segment(uuid)}"
        parse = payloads.parser(payloads.variable, uuid=uuid, key=variable.key)
        return self._put(path, _variable_content(variable), parse)

    def delete_variable(self, owner: VariableOwner, uuid: str) -> Done | AlreadyGone | Rejected:
        """Delete a variable."""
        return self.transport.send(payloads.deletion(f"{_variables(owner)}/{segment(uuid)}"))

    def branch_restrictions(
        self, repository: Repository, environment_uuid: str
    ) -> tuple[ExistingBranchRestriction, ...] | Rejected:
        """Return the branch patterns that may deploy, from an internal endpoint [likely]."""
        return self._list(
            _branch_restrictions(repository, environment_uuid),
            payloads.branch_restriction,
            identity=lambda restriction: restriction.uuid,
            what=f"branch restrictions of an environment of {repository}",
            paginated=False,
        )

    def add_branch_restriction(
        self,
        repository: Repository,
        environment_uuid: str,
        pattern: str,
        attempts: Attempts | None = None,
    ) -> ExistingBranchRestriction | Rejected | OutcomeUnknown:
        """Let the branches that match `pattern` deploy."""
        return self._post(
            _branch_restrictions(repository, environment_uuid),
            json_content({"type": "branch_restriction_pattern", "pattern": pattern}),
            payloads.parser(payloads.branch_restriction, pattern=pattern),
            attempts,
        )

    def remove_branch_restriction(
        self, repository: Repository, environment_uuid: str, restriction_uuid: str
    ) -> Done | AlreadyGone | Rejected:
        """Remove a branch pattern: its branches may no longer deploy."""
        path = f"{_branch_restrictions(repository, environment_uuid)}{segment(restriction_uuid)}"
        return self.transport.send(payloads.deletion(path))

    def pipelines_enabled(self, repository: Repository) -> bool | Rejected:
        """Return whether Pipelines is enabled; 404 means that it never was [sure]."""
        answer = self._get(
            _pipelines_config(repository), payloads.parser(payloads.pipelines_enabled)
        )
        if isinstance(answer, Rejected) and answer.status == HTTPStatus.NOT_FOUND:
            return False
        return answer

    def enable_pipelines(self, repository: Repository) -> Done | Rejected:
        """Enable Pipelines; this may create the default environments [likely]."""
        return self._put(
            _pipelines_config(repository),
            json_content({"type": "repository_pipelines_configuration", "enabled": True}),
            payloads.accepted,
        )

    def repositories(self, workspace: str, project_key: str | None) -> tuple[str, ...] | Rejected:
        """Return the slugs of a workspace's repositories, or of those of one project."""
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

    def _get(self, path: str, parse: Callable[[Answer], T]) -> T | Rejected:
        return self.transport.send(IdempotentRequest(method=HTTPMethod.GET, path=path, parse=parse))

    def _post(
        self, path: str, content: Content, parse: Callable[[Answer], T], attempts: Attempts | None
    ) -> T | Rejected | OutcomeUnknown:
        request = NonIdempotentRequest(path=path, content=content, parse=parse)
        return self.transport.send(request, attempts)

    def _put(self, path: str, content: Content, parse: Callable[[Answer], T]) -> T | Rejected:
        return self.transport.send(
            IdempotentRequest(method=HTTPMethod.PUT, path=path, content=content, parse=parse)
        )

    def _list(
        self,
        path: str,
        read: Callable[[Json], T],
        *,
        identity: Callable[[T], str],
        what: str,
        query: tuple[tuple[str, str], ...] = (),
        paginated: bool = True,
    ) -> tuple[T, ...] | Rejected:
        def fetch(number: int) -> Page[T] | Rejected:
            return self.transport.send(
                IdempotentRequest(
                    method=HTTPMethod.GET,
                    path=path,
                    query=(*query, *_page_query(number, paginated=paginated)),
                    parse=page_parser(read),
                )
            )

        found = ListReader(
            fetch=fetch, identity=identity, paginated=paginated, workers=self.workers
        ).read()
        if isinstance(found, Incomplete):
            raise PipeError(problems.list_incomplete(what, found.found, found.size))
        return found


def _page_query(number: int, *, paginated: bool) -> tuple[tuple[str, str], ...]:
    """Return the query for a page; a list that is not paginated is first requested without."""
    if number > 1:
        return (_PAGE_LENGTH, ("page", str(number)))
    return (_PAGE_LENGTH,) if paginated else ()


def _repository(repository: Repository) -> str:
    return f"/2.0/repositories/{segment(repository.workspace)}/{segment(repository.slug)}"


def _environment(repository: Repository, uuid: str) -> str:
    return f"{_repository(repository)}/environments/{segment(uuid)}"


def _variables(owner: VariableOwner) -> str:
    repository = _repository(owner.repository)
    if owner.environment_uuid is None:
        return f"{repository}/pipelines_config/variables"
    environment = segment(owner.environment_uuid)
    return f"{repository}/deployments_config/environments/{environment}/variables"


def _branch_restrictions(repository: Repository, environment_uuid: str) -> str:
    return (
        f"/internal/repositories/{segment(repository.workspace)}/{segment(repository.slug)}"
        f"/environments/{segment(environment_uuid)}/branch-restrictions/"
    )


def _pipelines_config(repository: Repository) -> str:
    return f"{_repository(repository)}/pipelines_config"


def _variable_content(variable: WritableVariable) -> Content:
    body: dict[str, Json] = {"type": "pipeline_variable", "key": variable.key}
    match variable:
        case PlainVariable(value=value):
            return json_content({**body, "value": value, "secured": False})
        case SecuredVariable(value=secret):
            secured = {**body, "value": secret.get_secret_value(), "secured": True}
            return json_content(secured, is_secret=True)
