"""Messages about plans: what is refused, and what can't be done as it is declared."""

from typing import Final

from pipe.models.declaration import EnvironmentType, ManagedSecret, Repository
from pipe.models.errors import ExitCode, Problem
from pipe.models.existing import ExistingEnvironment, ExistingVariable
from pipe.planning.matching import Ambiguous, BothExist

_CHECK_PLAN: Final = "Check the plan (MODE=plan). If it is right, run once with FORCE=true."
_REVIEW_AGAIN: Final = "Run MODE=plan, review the plan and pass its new checksum."


def ambiguous_name(match: Ambiguous) -> Problem:
    names = ", ".join(f"'{each.name}'" for each in match.candidates)
    return Problem(
        "ambiguous-name",
        ExitCode.REFUSED,
        f"'{match.name}' matches more than one environment: {names}.",
        "No environment has exactly this name, and these match it in another case or by slug.",
        "Write the name exactly as Bitbucket shows it.",
    )


def declared_twice(name: str) -> Problem:
    return Problem(
        "declared-twice",
        ExitCode.REFUSED,
        f"'{name}' is declared more than once.",
        "Two declarations match the same environment, by its name in any case, its slug or its"
        " former name.",
        "Declare each environment once.",
    )


def rename_target_exists(match: BothExist) -> Problem:
    return Problem(
        "rename-target-exists",
        ExitCode.REFUSED,
        f"'{match.former.name}' can't be renamed: '{match.present.name}' already exists.",
        "The pipe does not merge environments.",
        "Delete or rename one of the two, or remove rename_from (RENAME_FROM).",
    )


def type_cannot_change(existing: ExistingEnvironment, wanted: EnvironmentType) -> Problem:
    return Problem(
        "type-cannot-change",
        ExitCode.REFUSED,
        f"'{existing.name}' has type {existing.type}, but {wanted} is declared.",
        "Bitbucket can't change the type of an environment, so this may not be the environment"
        " that is meant.",
        f"Declare {existing.type}; or create an environment of type {wanted} under another name,"
        " move the variables, and delete this one.",
    )


def deletion_type_differs(existing: ExistingEnvironment, declared: EnvironmentType) -> Problem:
    return Problem(
        "deletion-type-differs",
        ExitCode.REFUSED,
        f"'{existing.name}' is not deleted: it has type {existing.type}, but {declared} is"
        " declared.",
        "This may not be the environment that is meant.",
        f"Declare {existing.type} or remove the type, and rerun.",
    )


def uuid_not_found(uuid: str) -> Problem:
    return Problem(
        "uuid-not-found",
        ExitCode.INCOMPLETE,
        f"No environment has the uuid {uuid}.",
        "A name in braces is a uuid, and Bitbucket chooses the uuid of a new environment.",
        "Correct the uuid, or write the name of the environment.",
    )


def type_needed(name: str, former: str | None, near: str | None) -> Problem:
    nor = f", nor does '{former}' (RENAME_FROM)," if former else ""
    meant = f" (did you mean '{near}'?)" if near else ""
    return Problem(
        "type-needed",
        ExitCode.INCOMPLETE,
        f"'{name}' does not exist{nor} and has no declared type.",
        "Bitbucket creates an environment only with a type: Test, Staging or Production.",
        "Declare its type (ENVIRONMENT_TYPE), or correct the name if the environment should"
        f" exist{meant}.",
    )


def type_unknown(existing: ExistingEnvironment, wanted: EnvironmentType) -> Problem:
    return Problem(
        "type-unknown",
        ExitCode.INCOMPLETE,
        f"The type of '{existing.name}' is unknown, and a rule is for type {wanted}.",
        "Bitbucket's response does not contain the type, so the rule may or may not apply.",
        "Declare the environment by name, or remove the type from the rule.",
    )


def production_deletion(existing: ExistingEnvironment) -> Problem:
    kind = f"of type {existing.type}" if existing.type else "of unknown type"
    return Problem(
        "production-deletion",
        ExitCode.REFUSED,
        f"'{existing.name}' is {kind} and would be deleted with all its variables.",
        "A deletion can't be undone, and secured variables can't be read back.",
        "If that is what you want, run once with FORCE=true.",
    )


def pattern_deletion(existing: ExistingEnvironment) -> Problem:
    return Problem(
        "pattern-deletion",
        ExitCode.REFUSED,
        f"'{existing.name}' matches a pattern and would be deleted with all its variables.",
        "A pattern can match more than intended, and a deletion can't be undone.",
        "Declare the environments by name, or run once with FORCE=true.",
    )


def too_many_deletions(what: str, deleted: int, existing: int, limit_percent: int) -> Problem:
    """Describe pruning over the limit; `what` is `environments` or `variables of 'X'`."""
    return Problem(
        "too-many-deletions",
        ExitCode.REFUSED,
        f"Pruning would delete {deleted} of {existing} {what}.",
        f"That is more than {limit_percent} %, which looks like a mistake in the declaration.",
        _CHECK_PLAN,
    )


def fleet_limit(doing: str, count: int, existing: int, limit_percent: int) -> Problem:
    return Problem(
        "fleet-limit",
        ExitCode.REFUSED,
        f"The plan would {doing} {count} of {existing} environments.",
        f"That is more than {limit_percent} % over all repositories, which looks like a mistake in"
        " the declaration.",
        _CHECK_PLAN,
    )


def not_reviewed(name: str) -> Problem:
    return Problem(
        "not-reviewed",
        ExitCode.REFUSED,
        f"'{name}' needs other changes than those that were reviewed.",
        "With PLAN_CHECKSUM only reviewed changes are made, and the environment was created in the"
        " meantime, by another run or person, or by enabling Pipelines.",
        _REVIEW_AGAIN,
    )


def not_counted(name: str) -> Problem:
    """Describe a deletion or loosening that the limit over several repositories did not count."""
    return Problem(
        "not-counted",
        ExitCode.REFUSED,
        f"'{name}' is not deleted or loosened: the limit over all repositories did not count it.",
        "The limit counts what Bitbucket lists before the first write. This environment was created"
        " or changed since, or the list omitted it.",
        "Rerun: it is counted then.",
    )


def plan_changed(reviewed: str, current: str, *, is_empty: bool) -> Problem:
    """Describe a plan that is not the reviewed one; `is_empty`: nothing is left to do."""
    now = (
        f"the current plan has {current}: the declaration or the environments changed in the"
        " meantime."
    )
    remedy = _REVIEW_AGAIN
    if is_empty:
        now = "the current plan is empty: nothing is left to do."
        remedy = f"Nothing, if this plan was applied before; otherwise: {_REVIEW_AGAIN}"
    return Problem(
        "plan-changed",
        ExitCode.REFUSED,
        "The plan is not the one that was reviewed; nothing was written.",
        f"PLAN_CHECKSUM is {reviewed}, and {now}",
        remedy,
    )


def secret_missing(secret: ManagedSecret, existing: ExistingVariable | None) -> Problem:
    found = "does not exist" if existing is None else "is stored as a plain variable"
    why = "It is declared without a value, so it must exist and the pipe never writes it."
    remedy = "Create it as a secured variable in Bitbucket, or declare its value."
    if secret.from_env:
        why = (
            f"Its value is declared as from_env: {secret.from_env}, and {secret.from_env} is not"
            " defined in this run."
        )
        remedy = (
            f"Define {secret.from_env} where MODE=apply runs, and pass it to the pipe; or create"
            f" {secret.key} as a secured variable in Bitbucket."
        )
    return Problem(
        "secret-missing",
        ExitCode.INCOMPLETE,
        f"The secured variable {secret.key} {found}.",
        why,
        remedy,
        is_drift=True,
    )


def nothing_selected() -> Problem:
    return Problem(
        "nothing-selected",
        ExitCode.INCOMPLETE,
        "No repository matches REPOSITORIES; nothing was done.",
        "Every pattern and project is empty, or the exclusions exclude everything.",
        "Check the workspace, the patterns and the project keys (upper case); a credential lists"
        " only the repositories that it may read.",
    )


def nothing_from_start(start_at: Repository, last: Repository) -> Problem:
    return Problem(
        "nothing-from-start",
        ExitCode.INCOMPLETE,
        f"No repository is left from START_AT={start_at} on; nothing was done.",
        f"The last repository, in the order of the run, is {last}.",
        "Remove START_AT to handle all repositories, or correct it.",
    )


def not_enough_left(what: str, needed: str, left: str) -> Problem:
    return Problem(
        "not-enough-left",
        ExitCode.GAVE_UP,
        f"The run ends here: the remaining {what} is insufficient for the next repository.",
        f"{needed}; left: {left}.",
        "Completed changes are kept. Rerun later, or with a higher DEADLINE, to continue.",
        ends_run=True,
    )


def incomplete_run(done: int, total: int, following: Repository) -> Problem:
    return Problem(
        "repositories-remain",
        ExitCode.GAVE_UP,
        f"{done} of {total} repositories handled; the next is {following}.",
        "The run ended before the others were started; nothing was written to them.",
        f"Rerun. START_AT={following} starts with that one and saves the requests for those"
        " before it.",
        ends_run=True,
    )


def abandoned(repository: Repository, reason: str) -> Problem:
    return Problem(
        "abandoned",
        ExitCode.GAVE_UP,
        f"{repository} was in progress when the run was stopped ({reason}).",
        "A response was outstanding, so it is unknown whether the last request took effect.",
        "Rerun: the pipe reads first and makes only the changes that are missing.",
        ends_run=True,
    )


def unexpected(source: str, error: str) -> Problem:
    return Problem(
        "unexpected",
        ExitCode.UNEXPECTED,
        f"{source}: unexpected error ({error}).",
        "This is a bug in the pipe.",
        "Run with DEBUG=true and report what it prints, which contains no secret. Completed"
        " changes are kept.",
    )
