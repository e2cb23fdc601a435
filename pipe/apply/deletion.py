"""Delete one environment: read again, check safety again, delete, read whether it is gone.

A deleted environment could once still be read by its uuid, under another name: the list decides.
"""

from http import HTTPStatus

from msgspec import Struct

from pipe.apply import problems
from pipe.apply.context import ApplyContext
from pipe.apply.reader import list_environments
from pipe.bitbucket.rejections import rejection
from pipe.bitbucket.requests import Rejected
from pipe.models.changes import Delete
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode, PipeError, Problem
from pipe.models.existing import ExistingEnvironment
from pipe.models.results import EnvironmentResult, Outcome, deletion_result
from pipe.planning.safety import changed_type, deletion_problem


class PruneCheck(Struct, frozen=True, kw_only=True):
    """What the limit of pruned environments is checked against right before each deletion.

    Attributes:
        pruned: How many environments of the repository the plan prunes.
        created: The uuids of those that this run has created so far.
        deleted: The uuids of those that it has deleted so far; a list that lags still has them.
    """

    pruned: int = 0
    created: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def existing_count(self, listed: tuple[ExistingEnvironment, ...]) -> int:
        """Return how many environments there were before this run."""
        return len({each.uuid for each in listed} - self.created | self.deleted)


def delete(
    context: ApplyContext, repository: Repository, plan: Delete, prune_check: PruneCheck
) -> EnvironmentResult:
    """Delete the environment unless a second read shows that it must be kept."""
    outcome = Outcome.SKIPPED
    problem: Problem | None = None
    try:
        context.check()
        listed = _read_again(context, repository, plan.existing)
        current = _find(plan.existing, listed)
        if current is None:
            outcome = Outcome.UNCHANGED
        else:
            existing_count = prune_check.existing_count(listed)
            problem = _reconsidered(context, plan, current, prune_check.pruned, existing_count)
            if problem is None:
                context.check()
                outcome = Outcome.FAILED  # unless Bitbucket accepts it
                outcome, problem = _delete(context, repository, plan)
            else:
                is_refused = problem.code is ExitCode.REFUSED
                outcome = Outcome.REFUSED if is_refused else Outcome.FAILED
    except PipeError as error:
        problem = error.problem
        if not problem.ends_run:
            outcome = Outcome.FAILED
    return deletion_result(plan, outcome, problem)


def _reconsidered(
    context: ApplyContext,
    plan: Delete,
    current: ExistingEnvironment,
    pruned: int,
    existing_count: int,
) -> Problem | None:
    """Return why the environment, as it was read last, is not deleted."""
    if current.name != plan.existing.name:
        return problems.environment_moved(plan.existing.name)
    problem = changed_type(plan, current)
    if problem is not None or context.force:
        return problem
    return deletion_problem(plan, current, pruned=pruned, existing_count=existing_count)


def _read_again(
    context: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingEnvironment, ...]:
    """List the environments until the one to delete is listed: a list that omits it may lag."""
    listed: tuple[ExistingEnvironment, ...] = ()
    for _ in context.poll_at_once():
        listed = list_environments(context, repository)
        if _find(existing, listed) is not None:
            break
    return listed


def _find(
    existing: ExistingEnvironment, listed: tuple[ExistingEnvironment, ...]
) -> ExistingEnvironment | None:
    return next((each for each in listed if each.uuid == existing.uuid), None)


def _delete(
    context: ApplyContext, repository: Repository, plan: Delete
) -> tuple[Outcome, Problem | None]:
    name = plan.existing.name
    answer = context.api.delete_environment(repository, plan.existing.uuid)
    if isinstance(answer, Rejected) and answer.status != HTTPStatus.NOT_FOUND:
        doing = f"delete the environment '{name}'"
        return Outcome.FAILED, rejection(doing, repository, answer)
    try:
        for _ in context.poll_at_once():
            listed = list_environments(context, repository)
            if not any(each.uuid == plan.existing.uuid and each.name == name for each in listed):
                return Outcome.APPLIED, None
    except PipeError as error:
        return Outcome.UNVERIFIED, error.problem
    return Outcome.UNVERIFIED, problems.deletion_does_not_show(name)
