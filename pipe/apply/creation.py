"""Create one environment, whatever happens to the request.

Bitbucket has no idempotency key, so two POSTs can't be distinguished: one whose outcome is
unknown is followed by a read of the list, never by a blind repetition.
"""

from http import HTTPStatus
from itertools import islice
from typing import Final

from msgspec import Struct

from pipe.apply import problems
from pipe.apply.context import ApplyContext
from pipe.apply.reader import list_environments
from pipe.bitbucket.rejections import plan_lacks_it, rejection
from pipe.bitbucket.requests import OutcomeUnknown, Rejected
from pipe.models.changes import Create
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingEnvironment
from pipe.planning import problems as planning_problems
from pipe.planning.matching import Ambiguous, Found, Missing, by_name, match

_MAY_EXIST: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
"""409 is documented for a name that exists, and users report 400. A 400 was also seen to pass by
itself when several environments were created quickly."""

_READS_FOR_FORMER: Final = 2


class FoundEnvironment(Struct, frozen=True):
    """The environment exists, although the list that the plan is based on did not show it.

    Attributes:
        may_be_ours: Whether a request of this run, whose answer was lost, may have created it.
    """

    found: Found
    may_be_ours: bool = False


def create(
    context: ApplyContext, repository: Repository, plan: Create
) -> ExistingEnvironment | FoundEnvironment:
    """Create the environment and return it, or find the one that exists already.

    Raises:
        PipeError: It was neither created nor found.
    """
    attempts = context.api.attempts()
    sent = False
    while True:
        answer = context.api.create_environment(
            repository,
            plan.name,
            plan.type,
            attempts,
            admin_only=plan.declared.desired.admin_only,
        )
        if isinstance(answer, ExistingEnvironment):
            return answer
        if isinstance(answer, Rejected) and answer.status not in _MAY_EXIST:
            raise PipeError(_refused(repository, plan, answer))
        sent = sent or isinstance(answer, OutcomeUnknown)
        match _find(context, repository, plan, answer):
            case Found(environment) as found:
                return FoundEnvironment(found, sent and _is_as_sent(plan, environment))
            case Ambiguous() as ambiguous:
                raise PipeError(planning_problems.ambiguous_name(ambiguous))
            case Missing() if isinstance(answer, Rejected) and (
                _is_final(answer) or attempts.exhausted
            ):
                raise PipeError(problems.not_created(plan.name, answer))
            case Missing():
                continue


def find_former(
    context: ApplyContext, repository: Repository, plan: Create
) -> FoundEnvironment | None:
    """Look again for the environment to rename.

    A list that once omits it would otherwise lead to a second environment beside the former one,
    which no later run could repair.
    """
    if plan.declared.rename_from is None:
        return None
    for _ in islice(context.poll_at_once(), _READS_FOR_FORMER):
        found = match(plan.declared, list_environments(context, repository))
        if isinstance(found, Found):
            return FoundEnvironment(found)
    return None


def _find(
    context: ApplyContext,
    repository: Repository,
    plan: Create,
    answer: Rejected | OutcomeUnknown,
) -> Found | Ambiguous | Missing:
    """Look for the environment: again and again where Bitbucket answered that the name exists."""
    is_taken = isinstance(answer, Rejected) and _says_taken(answer)
    found: Found | Ambiguous | Missing = Missing()
    for _ in islice(context.poll_at_once(), None if is_taken else 1):
        found = by_name(plan.name, list_environments(context, repository))
        if not isinstance(found, Missing):
            break
    return found


def _says_taken(rejected: Rejected) -> bool:
    return rejected.status == HTTPStatus.CONFLICT or "name already exists" in rejected.message


def _is_final(rejected: Rejected) -> bool:
    """Return whether the same request would be refused again.

    An error that has a key is the decision of a service, such as a limit that is reached; what
    passes by itself was only seen without one.
    """
    return _says_taken(rejected) or rejected.key is not None


def _is_as_sent(plan: Create, environment: ExistingEnvironment) -> bool:
    """Return whether a POST whose answer was lost may have created this environment."""
    return environment.name == plan.name and environment.type in (None, plan.type)


def _refused(repository: Repository, plan: Create, rejected: Rejected) -> Problem:
    is_restricted = plan.declared.desired.admin_only is not None
    if is_restricted and plan_lacks_it(rejected):
        return problems.plan_lacks_feature(plan.name, rejected)
    doing = f"create the environment '{plan.name}'"
    return rejection(doing, repository, rejected)
