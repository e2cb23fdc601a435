"""Delete one environment: read again, delete, and read whether it is gone.

A deleted environment could once still be read by its uuid, under another name: the list decides.
"""

from __future__ import annotations

from http import HTTPStatus

from pipe.apply import problems
from pipe.apply.context import ApplyContext
from pipe.apply.reader import list_environments
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import Rejected
from pipe.models.changes import Delete
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingEnvironment
from pipe.models.results import EnvironmentResult, Outcome, deletion


def delete(context: ApplyContext, repository: Repository, plan: Delete) -> EnvironmentResult:
    """Delete the environment unless a second read shows that it should be kept."""
    outcome = Outcome.FAILED
    problem: Problem | None = None
    try:
        current = _read_again(context, repository, plan.existing)
        if current is None:
            outcome = Outcome.UNCHANGED
        elif current.name != plan.existing.name:
            problem = problems.environment_moved(plan.existing.name)
        else:
            outcome, problem = _delete(context, repository, plan)
    except PipeError as error:
        problem = error.problem
    return deletion(plan, outcome, problem)


def _read_again(
    context: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> ExistingEnvironment | None:
    """Find the environment by its uuid; a list that omits it once may only lag."""
    for _ in context.attempts():
        for current in list_environments(context, repository):
            if current.uuid == existing.uuid:
                return current
    return None


def _delete(
    context: ApplyContext, repository: Repository, plan: Delete
) -> tuple[Outcome, Problem | None]:
    name = plan.existing.name
    answer = context.api.delete_environment(repository, plan.existing.uuid)
    if isinstance(answer, Rejected) and answer.status != HTTPStatus.NOT_FOUND:
        doing = f"delete the environment '{name}'"
        return Outcome.FAILED, bitbucket_problems.rejection(doing, repository, answer)
    try:
        for _ in context.attempts():
            listed = list_environments(context, repository)
            if not any(each.uuid == plan.existing.uuid and each.name == name for each in listed):
                return Outcome.APPLIED, None
    except PipeError as error:
        return Outcome.UNVERIFIED, error.problem
    return Outcome.UNVERIFIED, problems.deletion_does_not_show(name)
