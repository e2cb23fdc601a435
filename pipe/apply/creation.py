"""Creates one environment, whatever becomes of the request.

Nothing tells two requests of the same kind apart (Bitbucket has no idempotency key), so a POST
whose fate is unknown is followed by a look at the list, never by a blind repetition.
"""

from __future__ import annotations

from itertools import islice
from typing import Final, assert_never

from msgspec import Struct

from pipe.apply import problems
from pipe.apply.reader import ApplyContext, list_environments
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import OutcomeUnknown, Rejected
from pipe.models.changes import Create
from pipe.models.declaration import Repository
from pipe.models.errors import Problem
from pipe.models.existing import ExistingEnvironment
from pipe.planning import problems as planning_problems
from pipe.planning.matching import Ambiguous, Found, Missing, by_name, match

_PAYMENT_REQUIRED: Final = 402
_CONFLICT: Final = 409
_LOOK_AGAIN: Final = (400, _CONFLICT)
"""409 is what the documentation says of a name that exists, 400 what users report. A 400 was also
seen to pass by itself when several environments were created quickly."""

_LOOKS_FOR_FORMER: Final = 2

_VALIDATION_ERROR: Final = "deploy-service.request.validation-error"


class Created(Struct, frozen=True):
    """The environment is ours: it was created by this run."""

    environment: ExistingEnvironment


class Adopted(Struct, frozen=True):
    """An environment that is meant is there, though the list that the plan rests on had none."""

    found: Found


def create(
    service: ApplyContext, repository: Repository, plan: Create
) -> Created | Adopted | Problem:
    """Create the environment, or find the one that is in the way.

    Raises:
        PipeError: A request could not be completed.
    """
    former = _former(service, repository, plan)
    if former is not None:
        return Adopted(former)
    last: Rejected | OutcomeUnknown | None = None
    sent = False
    for _ in service.tries():
        if not _exists(last):
            answer = service.api.create_environment(
                repository, plan.name, plan.type, plan.declared.desired.admin_only
            )
            if isinstance(answer, ExistingEnvironment):
                return Created(answer)
            if isinstance(answer, Rejected) and answer.status not in _LOOK_AGAIN:
                return _refused(repository, plan, answer)
            sent = sent or isinstance(answer, OutcomeUnknown)
            last = answer
        match by_name(plan.name, list_environments(service, repository)):
            case Found(environment) as found:
                ours = sent and _is_as_sent(plan, environment)
                return Created(environment) if ours else Adopted(found)
            case Ambiguous() as match:
                return planning_problems.ambiguous_name(match)
            case Missing():
                if isinstance(last, Rejected) and last.key == _VALIDATION_ERROR:
                    break
            case never:
                assert_never(never)
    return problems.not_created(plan.name, last or OutcomeUnknown("nothing was sent"))


def _former(service: ApplyContext, repository: Repository, plan: Create) -> Found | None:
    """Look again for what is to be renamed.

    A list that wavers and shows nothing would otherwise lead to a second environment beside the
    former one, which no further run could put right.
    """
    if plan.declared.rename_from is None:
        return None
    for _ in islice(service.tries(), _LOOKS_FOR_FORMER):
        found = match(plan.declared, list_environments(service, repository))
        if isinstance(found, Found):
            return found
    return None


def _exists(last: Rejected | OutcomeUnknown | None) -> bool:
    """Whether only the list is behind: Bitbucket has said that the name is taken."""
    return isinstance(last, Rejected) and last.status == _CONFLICT


def _is_as_sent(plan: Create, environment: ExistingEnvironment) -> bool:
    """Whether a POST whose answer was lost can have made this, rather than somebody else."""
    return environment.name == plan.name and environment.type in (None, plan.type)


def _refused(repository: Repository, plan: Create, rejected: Rejected) -> Problem:
    if rejected.status == _PAYMENT_REQUIRED:
        return problems.plan_lacks_feature(plan.name, "admin_only", rejected)
    doing = f"create the environment '{plan.name}'"
    return bitbucket_problems.rejection(doing, repository, rejected)
