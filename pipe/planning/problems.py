"""What the pipe refuses or can't do by its own judgement: one function for each message."""

from __future__ import annotations

from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import EnvironmentType, ManagedSecret, Repository
from pipe.models.errors import ExitCode, Problem
from pipe.models.existing import ExistingEnvironment, ExistingVariable
from pipe.planning.matching import Ambiguous, BothExist


def ambiguous_name(match: Ambiguous) -> Problem:
    """Several existing environments differ from the declared name by case only."""
    names = ", ".join(f"'{each.name}'" for each in match.candidates)
    return Problem(
        key="ambiguous-name",
        code=ExitCode.REFUSED,
        what=f"'{match.name}' could mean any of {names}.",
        why="No environment has exactly this name, and several have it in another case.",
        remedy="Write the name exactly as Bitbucket shows it.",
    )


def declared_twice(name: str) -> Problem:
    """Two declarations mean the same environment, or one frees the name that another takes."""
    return Problem(
        key="declared-twice",
        code=ExitCode.REFUSED,
        what=f"More than one declaration means the environment '{name}'.",
        why="Names are matched regardless of case where no exact one exists, and renames by the"
        " former name.",
        remedy="Declare each environment once.",
    )


def rename_target_exists(match: BothExist) -> Problem:
    """The old and the new name of a rename both exist."""
    return Problem(
        key="rename-target-exists",
        code=ExitCode.REFUSED,
        what=f"'{match.former.name}' can't be renamed: '{match.present.name}' exists already.",
        why="Both names exist, and the pipe does not merge environments.",
        remedy="Delete or rename one of the two, or take RENAME_FROM away.",
    )


def type_cannot_change(existing: ExistingEnvironment, wanted: EnvironmentType) -> Problem:
    """The declared type differs from the existing one."""
    return Problem(
        key="type-cannot-change",
        code=ExitCode.REFUSED,
        what=f"'{existing.name}' is of type {existing.type}, and {wanted} is declared.",
        why="Bitbucket can change an environment's name and its admin-only restriction, never its"
        " type.",
        remedy=f"Declare {existing.type}; or create an environment of type {wanted} under another"
        " name, move its variables, and delete this one.",
    )


def type_needed(name: str) -> Problem:
    """An environment must be created, but its type was not given."""
    return Problem(
        key="type-needed",
        code=ExitCode.INCOMPLETE,
        what=f"'{name}' does not exist, and its type is not declared.",
        why="Bitbucket creates an environment only with a type: Test, Staging or Production.",
        remedy="Give ENVIRONMENT_TYPE, or correct the name if the environment should exist.",
    )


def production_deletion(existing: ExistingEnvironment) -> Problem:
    """An environment of type Production (or of a type not known) would be deleted."""
    kind = f"of type {existing.type}" if existing.type else "of a type that Bitbucket did not tell"
    return Problem(
        key="production-deletion",
        code=ExitCode.REFUSED,
        what=f"'{existing.name}' is {kind} and would be deleted with all it holds.",
        why="A deletion can't be undone, and its secured variables can't be read back.",
        remedy="If that is what you want, run once with FORCE=true.",
    )


def pattern_deletion(existing: ExistingEnvironment) -> Problem:
    """A pattern would delete an environment that nobody named."""
    return Problem(
        key="pattern-deletion",
        code=ExitCode.REFUSED,
        what=f"'{existing.name}' matches the pattern and would be deleted with all it holds.",
        why="A pattern can match more than was meant, and a deletion can't be undone.",
        remedy="Name the environments one by one, or run once with FORCE=true.",
    )


def too_many_deletions(what: str, deleted: int, existing: int, limit_percent: int) -> Problem:
    """Pruning would delete more than its limit. `what`: `environments` or `variables of 'X'`."""
    return Problem(
        key="too-many-deletions",
        code=ExitCode.REFUSED,
        what=f"Pruning would delete {deleted} of {existing} {what}.",
        why=f"That is more than {limit_percent} %, which looks like a mistake in the declaration.",
        remedy="Look at the plan (MODE=plan). If it is right, run once with FORCE=true.",
    )


def not_reviewed(name: str) -> Problem:
    """In the middle of a reviewed run, something else than what was reviewed would be needed."""
    return Problem(
        key="not-reviewed",
        code=ExitCode.REFUSED,
        what=f"'{name}' needs other changes than those that were reviewed.",
        why="With PLAN_CHECKSUM only what was reviewed is done, and the environment came into being"
        " since (by another's hand, or with Pipelines).",
        remedy="Run MODE=plan, review it, and give its checksum.",
    )


def type_unknown(existing: ExistingEnvironment, wanted: EnvironmentType) -> Problem:
    """A rule is for one type, and Bitbucket does not tell the type of an environment."""
    return Problem(
        key="type-unknown",
        code=ExitCode.INCOMPLETE,
        what=f"Whether '{existing.name}' is of type {wanted} is not known.",
        why="Bitbucket's answer does not tell its type, so it can't be said whether the rule is"
        " for it.",
        remedy="Name the environment, or take the type away from the rule.",
    )


def secret_missing(secret: ManagedSecret, existing: ExistingVariable | None) -> Problem:
    """A secret that is managed elsewhere does not exist as a secured variable."""
    found = "does not exist" if existing is None else "is stored as a plain variable"
    named = f" and define {secret.from_env}" if secret.from_env else ""
    return Problem(
        key="secret-missing",
        code=ExitCode.INCOMPLETE,
        what=f"The secured variable {secret.key} {found}.",
        why="It is declared without a value: whoever manages it must create it, and the pipe never"
        " writes it.",
        remedy=f"Create it as a secured variable in Bitbucket, or declare its value{named}.",
        is_drift=True,
    )


def plan_changed(reviewed: str, current: str) -> Problem:
    """The plan computed now is not the one that was reviewed."""
    return Problem(
        key="plan-changed",
        code=ExitCode.REFUSED,
        what="The plan is not the one that was reviewed; nothing was written.",
        why=f"PLAN_CHECKSUM is {reviewed}, and the plan computed now has {current}.",
        remedy="Somebody changed the declaration or the environments in the meantime: run"
        " MODE=plan, review it, and give its checksum.",
    )


def nothing_selected() -> Problem:
    """The selection of repositories matches none."""
    return Problem(
        key="nothing-selected",
        code=ExitCode.INCOMPLETE,
        what="No repository matches REPOSITORIES, so nothing was done.",
        why="Every pattern and project came out empty, or the exclusions took all away. A selection"
        " that matches nothing is a mistake more often than not.",
        remedy="Check the workspace, the patterns and the project keys; a credential sees only the"
        " repositories that it may read.",
    )


def nothing_from_start(start_at: Repository, last: Repository) -> Problem:
    """`START_AT` lies behind every repository that is selected."""
    return Problem(
        key="nothing-from-start",
        code=ExitCode.INCOMPLETE,
        what=f"No repository is left from START_AT={start_at} on, so nothing was done.",
        why=f"In the order in which repositories are handled the last one is {last}.",
        remedy="Take START_AT away to handle all of them, or correct it.",
    )


def workspace_refused(workspace: str, rejected: Rejected) -> Problem:
    """The repositories of a workspace can't be listed."""
    return Problem(
        key="workspace-refused",
        code=ExitCode.PERMISSION,
        what=f"The repositories of the workspace '{workspace}' can't be listed.",
        why=f"Bitbucket says ({rejected.status}): {rejected.message}",
        remedy="Check the workspace's name, and that the credential may read repositories"
        " (scope read:repository:bitbucket); or name the repositories one by one.",
    )


def fleet_limit(doing: str, count: int, seen: int, limit_percent: int) -> Problem:
    """A plan over several repositories would delete or loosen suspiciously much."""
    return Problem(
        key="fleet-limit",
        code=ExitCode.REFUSED,
        what=f"The plan would {doing} {count} of {seen} environments.",
        why=f"That is more than {limit_percent} % over all repositories together, which looks like"
        " a mistake in the declaration.",
        remedy="Look at the plan (MODE=plan). If it is right, run once with FORCE=true.",
    )


def not_enough_left(what: str, needed: str, left: str) -> Problem:
    """The quota or the time that is left will not do for the next repository."""
    return Problem(
        key="not-enough-left",
        code=ExitCode.GAVE_UP,
        what=f"The run ends here: the {what} that is left will not do for the next repository.",
        why=f"It needs about {needed}, and {left} are left.",
        remedy="What was done stands; run again later, or with a higher DEADLINE, and the rest is"
        " done.",
        ends_run=True,
    )


def incomplete_run(done: int, total: int, following: Repository) -> Problem:
    """Some repositories were not begun."""
    return Problem(
        key="repositories-remain",
        code=ExitCode.GAVE_UP,
        what=f"{done} of {total} repositories were handled; the next is {following}.",
        why="The run was over before the others were begun; nothing was written to them.",
        remedy=f"Run again; START_AT={following} begins with that one and spares the requests for"
        " those before it.",
        ends_run=True,
    )


def abandoned(repository: Repository, reason: str) -> Problem:
    """The run was stopped while an answer was awaited."""
    return Problem(
        key="abandoned",
        code=ExitCode.GAVE_UP,
        what=f"{repository} was being handled when the run was stopped ({reason}).",
        why="An answer was still awaited: whether the last request took effect is not known.",
        remedy="Run again: the pipe looks first and does only what is missing.",
        ends_run=True,
    )


def unexpected(where: str, error: str) -> Problem:
    """A bug in this program."""
    return Problem(
        key="unexpected",
        code=ExitCode.UNEXPECTED,
        what=f"{where}: something went wrong that this program did not expect ({error}).",
        why="This is a bug in the pipe.",
        remedy="Run with DEBUG=true and report what it prints (no secret is in it); what was done"
        " stands.",
    )
