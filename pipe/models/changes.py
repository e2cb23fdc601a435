"""The changes of a plan: frozen values from which logs, reports and checksums are made.

Every change has the same four views: `field`, `before`, `after` (what a report shows; JSON-ready)
and `secured` (whether the values must not be shown).
"""

from enum import StrEnum

from msgspec import Struct

from pipe.models.declaration import (
    FINGERPRINTS_KEY,
    DeclaredEnvironment,
    DeclaredVariable,
    EnvironmentType,
    ManagedSecret,
    PlainVariable,
    Repository,
    SecuredVariable,
    WritableVariable,
)
from pipe.models.errors import Problem
from pipe.models.existing import ExistingBranchRestriction, ExistingEnvironment, ExistingVariable

Shown = str | bool | tuple[str, ...] | None
"""A value as a report shows it."""


class SetType(Struct, frozen=True):
    """The type of a new environment; Bitbucket cannot change it later."""

    after: EnvironmentType
    before: None = None
    field: str = "type"
    secured: bool = False


class SetName(Struct, frozen=True):
    """A rename; what the environment holds stays in it."""

    before: str
    after: str
    field: str = "name"
    secured: bool = False
    loosens: bool = False


class SetAdminOnly(Struct, frozen=True):
    """Whether only administrators may deploy; `before` is `None` if Bitbucket did not say."""

    before: bool | None
    after: bool
    field: str = "admin_only"
    secured: bool = False

    @property
    def loosens(self) -> bool:
        """Whether more people may deploy than before."""
        return not self.after


class SetBranches(Struct, frozen=True):
    """The complete set of branch patterns that may deploy; empty: any branch may."""

    existing: tuple[ExistingBranchRestriction, ...]
    after: tuple[str, ...]
    field: str = "branches"
    secured: bool = False

    @property
    def before(self) -> tuple[str, ...]:
        """The patterns that exist, in a stable order."""
        return tuple(sorted(restriction.pattern for restriction in self.existing))

    @property
    def loosens(self) -> bool:
        """Whether a branch may deploy that may not now; without patterns, every branch may."""
        return bool(self.existing) and (not self.after or not {*self.after} <= {*self.before})


class BranchesUnavailable(Struct, frozen=True):
    """Branches were declared, but Bitbucket offers no way to read them here."""

    after: tuple[str, ...]
    problem: Problem
    before: None = None
    field: str = "branches"
    secured: bool = False


class DeleteReason(StrEnum):
    """Why something is deleted; the safety checks judge each differently."""

    DECLARED = "declared absent"
    RULE = "a pattern or rule declares it absent"
    PRUNED = "not declared, and pruning was asked for"


class _VariableChange(Struct, frozen=True):
    """The views that changes of one variable share; each change has one of two sides, or both."""

    @property
    def existing(self) -> ExistingVariable | None:
        """The variable as it is; `None`: it does not exist."""
        return None

    @property
    def variable(self) -> DeclaredVariable | None:
        """The variable as it is declared; `None`: it is deleted."""
        return None

    @property
    def key(self) -> str:
        """The variable's key."""
        side = self.variable or self.existing
        return "" if side is None else side.key

    @property
    def field(self) -> str:
        """`variables.KEY`."""
        return f"variables.{self.key}"

    @property
    def secured(self) -> bool:
        """Whether the value is not shown: it is secured before or after, or holds fingerprints."""
        if self.key == FINGERPRINTS_KEY:
            return True
        was_secured = self.existing is not None and self.existing.secured
        return was_secured or not isinstance(self.variable, PlainVariable | None)

    @property
    def before(self) -> str | None:
        """The plain value; `None` when there is none, or when either side is secured."""
        return None if self.existing is None or self.secured else self.existing.value

    @property
    def after(self) -> str | None:
        """The plain value; `None` when there is none, or when either side is secured."""
        if self.secured or not isinstance(self.variable, PlainVariable):
            return None
        return self.variable.value


class CreateVariable(_VariableChange, frozen=True):
    """A variable that does not exist yet."""

    variable: WritableVariable


class UpdateVariable(_VariableChange, frozen=True):
    """A variable that exists with another value, or stored in the other way.

    Attributes:
        existing: The variable as it is.
        variable: The variable as it is declared.
        lacks_fingerprint: Whether it is written only because its fingerprint is missing.
    """

    existing: ExistingVariable
    variable: WritableVariable
    lacks_fingerprint: bool = False

    @property
    def switches_storage(self) -> bool:
        """Whether a plain variable becomes secured or the other way round."""
        return self.existing.secured == isinstance(self.variable, PlainVariable)


class RewriteSecured(_VariableChange, frozen=True):
    """A secured value that can't be compared, so it is written again (`SECURED_UPDATE=always`).

    It is no drift: whether the stored value differs is not known.
    """

    existing: ExistingVariable
    variable: SecuredVariable


class DeleteVariable(_VariableChange, frozen=True):
    """A variable that is declared absent, or not declared where pruning was asked for."""

    existing: ExistingVariable
    reason: DeleteReason = DeleteReason.PRUNED


class MissingSecret(_VariableChange, frozen=True):
    """A secret managed elsewhere that does not exist, or only as a plain variable (`existing`)."""

    variable: ManagedSecret
    problem: Problem
    existing: ExistingVariable | None = None


class WriteFingerprints(Struct, frozen=True):
    """The pipe's own plain variable that remembers keyed fingerprints of secured values.

    Attributes:
        existing: The variable as it is; `None`: there is none yet.
        kept: Fingerprints (key of the variable, fingerprint) that stay true.
        written: The secured variables whose values this run writes first.
    """

    existing: ExistingVariable | None
    kept: tuple[tuple[str, str], ...]
    written: tuple[SecuredVariable, ...]
    field: str = "variables.BITBUCKET_ENVIRONMENT_FINGERPRINTS"
    before: None = None
    after: None = None
    secured: bool = True


VariableChange = (
    CreateVariable
    | UpdateVariable
    | RewriteSecured
    | DeleteVariable
    | MissingSecret
    | WriteFingerprints
)
FieldChange = SetName | SetAdminOnly
BranchChange = SetBranches | BranchesUnavailable
Change = SetType | FieldChange | BranchChange | VariableChange


class FoundBy(StrEnum):
    """How a declaration was matched with an existing environment."""

    NAME = "name"
    CASE = "name in another case"
    UUID = "uuid"
    FORMER_NAME = "former name"
    SLUG = "slug"
    RULE = "rule"


class Create(Struct, frozen=True, kw_only=True):
    """An environment that does not exist yet."""

    declared: DeclaredEnvironment
    type: EnvironmentType
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """The name that it gets."""
        return self.declared.name


class Update(Struct, frozen=True, kw_only=True):
    """An environment that exists and differs; `changes` is never empty."""

    existing: ExistingEnvironment
    changes: tuple[Change, ...]
    unchanged_variables: int = 0
    found_by: FoundBy = FoundBy.NAME

    @property
    def name(self) -> str:
        """The name that it has before any change."""
        return self.existing.name


class Keep(Struct, frozen=True, kw_only=True):
    """Nothing to do.

    Attributes:
        existing: The environment; `None`: it is absent, as declared.
        similar: Names of environments that an absent declaration leaves alone although they match
            it in another case or by slug.
    """

    name: str
    existing: ExistingEnvironment | None
    unchanged_variables: int = 0
    found_by: FoundBy = FoundBy.NAME
    similar: tuple[str, ...] = ()


class Delete(Struct, frozen=True, kw_only=True):
    """An environment that is deleted with all its variables.

    Attributes:
        variables: Every variable that is lost with it.
        declared_type: The type that it must have to be deleted; `None`: any.
    """

    existing: ExistingEnvironment
    reason: DeleteReason
    variables: tuple[ExistingVariable, ...] = ()
    declared_type: EnvironmentType | None = None
    found_by: FoundBy = FoundBy.NAME

    @property
    def name(self) -> str:
        """The name that it has."""
        return self.existing.name


class Refuse(Struct, frozen=True):
    """What is declared can't or must not be done; nothing is written to this environment.

    Attributes:
        name: The name that it has, or would have.
        existing: The environment; `None`: it does not exist.
        problem: Why it is refused.
        plan: What would be done otherwise; `None`: nothing can be planned.
    """

    name: str
    existing: ExistingEnvironment | None
    problem: Problem
    plan: Create | Update | Delete | None = None


EnvironmentPlan = Create | Update | Keep | Delete | Refuse


def refuse(plan: Create | Update | Delete, problem: Problem) -> Refuse:
    """Return the refusal of a plan, which keeps what was planned to show it."""
    return Refuse(plan.name, existing_of(plan), problem, plan)


def changes_of(plan: EnvironmentPlan) -> tuple[Change, ...]:
    """Return the changes field by field, for the plans that have any."""
    return plan.changes if isinstance(plan, Create | Update) else ()


def existing_of(plan: EnvironmentPlan) -> ExistingEnvironment | None:
    """Return the environment that the plan found."""
    return None if isinstance(plan, Create) else plan.existing


class Totals(Struct, frozen=True, kw_only=True):
    """What safety limits over several repositories are counted from, refused plans included.

    Attributes:
        loosenings: Those that would be less protected than before.
    """

    environments: int = 0
    deletions: int = 0
    loosenings: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        """Return the totals of both."""
        return Totals(
            environments=self.environments + other.environments,
            deletions=self.deletions + other.deletions,
            loosenings=self.loosenings + other.loosenings,
        )


class RepositoryPlan(Struct, frozen=True, kw_only=True):
    """All that would happen to one repository.

    Attributes:
        enable_pipelines: Whether Pipelines is off and must be enabled first.
        environments: Those declared, in the order declared; then those of rules; then those pruned.
        changes: Those of the repository's own variables.
        unchanged_variables: How many of the repository's own variables are as declared.
        refusal: Why `changes` are refused as a whole.
    """

    repository: Repository
    enable_pipelines: bool = False
    environments: tuple[EnvironmentPlan, ...] = ()
    changes: tuple[VariableChange, ...] = ()
    unchanged_variables: int = 0
    refusal: Problem | None = None
    totals: Totals = Totals()
