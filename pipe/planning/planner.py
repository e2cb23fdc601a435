"""Plan what must change, from what is declared and what exists (pure)."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    Delete,
    DeleteReason,
    EnvironmentPlan,
    FoundBy,
    Keep,
    Refuse,
    RepositoryPlan,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
)
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    Repository,
    Rule,
    State,
)
from pipe.models.errors import Problem
from pipe.models.existing import (
    ExistingContents,
    ExistingEnvironment,
    ExistingVariable,
    VariableOwner,
)
from pipe.models.selection import is_uuid
from pipe.parsing.suggestions import closest
from pipe.planning import problems
from pipe.planning.matching import (
    Ambiguous,
    BothExist,
    Found,
    Match,
    Missing,
    match,
    rule_for,
)
from pipe.planning.variables import SecretsPolicy, plan_variables


class Observed(Struct, frozen=True, kw_only=True):
    """What was read of one repository.

    Attributes:
        environments: The complete list.
        contents: By environment uuid, for those whose contents were needed.
        pipelines_enabled: `None`: not needed.
        variables: The repository's own variables; `None`: not needed.
    """

    environments: tuple[ExistingEnvironment, ...]
    contents: Mapping[str, ExistingContents]
    pipelines_enabled: bool | None = None
    variables: tuple[ExistingVariable, ...] | None = None

    def contents_of(self, environment: ExistingEnvironment) -> ExistingContents:
        """Return what was read of an environment beyond its own fields."""
        return self.contents.get(environment.uuid, ExistingContents())


class ByName(Struct, frozen=True):
    """A declaration by name, and what it matches."""

    declared: DeclaredEnvironment
    match: Match


class ByRule(Struct, frozen=True):
    """An existing environment that a rule matches."""

    rule: Rule
    existing: ExistingEnvironment


class Undeclared(Struct, frozen=True):
    """An existing environment that nothing declares."""

    existing: ExistingEnvironment


Target = ByName | ByRule | Undeclared


def targets(
    declaration: Declaration, environments: tuple[ExistingEnvironment, ...]
) -> tuple[Target, ...]:
    """Match every declaration, then every other existing environment by the rules."""
    named = tuple(ByName(each, match(each, environments)) for each in declaration.environments)
    claimed = {existing.uuid for each in named for existing in _claimed(each.match)}
    others = (each for each in environments if each.uuid not in claimed)
    rest: list[ByRule | Undeclared] = []
    for existing in sorted(others, key=lambda each: (each.name, each.uuid)):
        rule = rule_for(declaration.rules, existing)
        rest.append(Undeclared(existing) if rule is None else ByRule(rule, existing))
    return (*named, *rest)


def _claimed(found: Match) -> tuple[ExistingEnvironment, ...]:
    """Return what a declaration may refer to: rules and pruning leave it alone."""
    match found:
        case Found(existing):
            return (existing,)
        case BothExist(former, present):
            return (former, present)
        case Ambiguous(candidates=candidates):
            return candidates
        case Missing(similar):
            return similar


class Planner(Struct, frozen=True):
    """Plans one repository."""

    repository: Repository
    policy: SecretsPolicy

    def plan(self, declaration: Declaration, observed: Observed) -> RepositoryPlan:
        """Return everything that would happen to the repository, before the safety checks."""
        own = plan_variables(
            declaration.repository,
            observed.variables or (),
            VariableOwner(self.repository),
            self.policy,
        )
        return RepositoryPlan(
            repository=self.repository,
            enable_pipelines=declaration.enable_pipelines and observed.pipelines_enabled is False,
            environments=tuple(self._plan_environments(declaration, observed)),
            changes=own.changes,
            unchanged_variables=own.unchanged,
        )

    def _plan_environments(
        self, declaration: Declaration, observed: Observed
    ) -> Iterator[EnvironmentPlan]:
        matched = targets(declaration, observed.environments)
        found = [
            each.match.existing.uuid
            for each in matched
            if isinstance(each, ByName) and isinstance(each.match, Found)
        ]
        for target in matched:
            match target:
                case ByName(declared, Found(existing)) if found.count(existing.uuid) > 1:
                    yield Refuse(declared.name, existing, problems.declared_twice(existing.name))
                case ByName(declared, Missing()) if _is_taken(declared, declaration):
                    yield Refuse(declared.name, None, problems.declared_twice(declared.name))
                case ByName(declared, Found(existing) as its_match):
                    contents = observed.contents_of(existing)
                    yield self.plan_environment(declared, its_match, contents)
                case ByName(declared, its_match):
                    names = tuple(each.name for each in observed.environments)
                    yield self.plan_environment(
                        declared, its_match, ExistingContents(), existing_names=names
                    )
                case ByRule(rule, existing):
                    yield self._plan_by_rule(rule, existing, observed.contents_of(existing))
                case Undeclared(existing) if declaration.prune_environments:
                    lost = observed.contents_of(existing).variables or ()
                    yield Delete(existing=existing, reason=DeleteReason.PRUNED, variables=lost)
                case Undeclared():
                    pass

    def plan_environment(
        self,
        declared: DeclaredEnvironment,
        found: Match,
        contents: ExistingContents,
        existing_names: tuple[str, ...] = (),
    ) -> EnvironmentPlan:
        """Return what would happen to one declared environment."""
        match found:
            case Ambiguous():
                return Refuse(declared.name, None, problems.ambiguous_name(found))
            case BothExist(former):
                return Refuse(declared.name, former, problems.rename_target_exists(found))
            case Missing(similar) if declared.state is State.ABSENT:
                names = tuple(each.name for each in similar)
                return Keep(name=declared.name, existing=None, similar=names)
            case Missing():
                return self._plan_missing(declared, existing_names)
            case Found():
                return self._plan_found(declared, found, contents)

    def _plan_found(
        self, declared: DeclaredEnvironment, found: Found, contents: ExistingContents
    ) -> EnvironmentPlan:
        existing, is_absent = found.existing, declared.state is State.ABSENT
        other = conflicting_type(declared.type, existing)
        if other is not None:
            describe = problems.deletion_type_differs if is_absent else problems.type_cannot_change
            return Refuse(declared.name, existing, describe(existing, other))
        if not is_absent:
            return self._plan_existing(found, declared.desired, contents, declared.name)
        return Delete(
            existing=existing,
            reason=DeleteReason.DECLARED,
            variables=contents.variables or (),
            declared_type=declared.type,
            found_by=found.by,
        )

    def _plan_by_rule(
        self, rule: Rule, existing: ExistingEnvironment, contents: ExistingContents
    ) -> EnvironmentPlan:
        if rule.type is not None and existing.type is None:
            return Refuse(existing.name, existing, problems.type_unknown(existing, rule.type))
        if rule.state is State.ABSENT:
            return Delete(
                existing=existing,
                reason=DeleteReason.RULE,
                variables=contents.variables or (),
                declared_type=rule.type,
                found_by=FoundBy.RULE,
            )
        found = Found(existing, FoundBy.RULE)
        return self._plan_existing(found, rule.desired, contents, existing.name)

    def _plan_missing(
        self, declared: DeclaredEnvironment, existing_names: tuple[str, ...]
    ) -> EnvironmentPlan:
        if is_uuid(declared.name):
            return Refuse(declared.name, None, problems.uuid_not_found(declared.name))
        if declared.type is None:
            near = closest(declared.name, existing_names, cutoff=0.7)
            problem = problems.type_needed(declared.name, declared.rename_from, near)
            return Refuse(declared.name, None, problem)
        desired = declared.desired
        changes: list[Change] = [SetType(declared.type)]
        if desired.admin_only is not None:
            changes.append(SetAdminOnly(None, desired.admin_only))
        if desired.branches:
            changes.append(SetBranches((), desired.branches))
        changes += plan_variables(desired, (), None, self.policy).changes
        return Create(declared=declared, type=declared.type, changes=tuple(changes))

    def _plan_existing(
        self, found: Found, desired: Desired, contents: ExistingContents, name: str
    ) -> Update | Keep:
        existing, by = found.existing, found.by
        owner = VariableOwner(self.repository, existing.uuid)
        variables = plan_variables(desired, contents.variables or (), owner, self.policy)
        changes: list[Change] = []
        if by is FoundBy.FORMER_NAME:
            changes.append(SetName(existing.name, name))
        changes += _admin_only_change(existing, desired)
        changes += _branches_change(contents, desired)
        changes += variables.changes
        if not changes:
            return Keep(
                name=existing.name,
                existing=existing,
                unchanged_variables=variables.unchanged,
                found_by=by,
            )
        return Update(
            existing=existing,
            changes=tuple(changes),
            unchanged_variables=variables.unchanged,
            found_by=by,
        )


def conflicting_type(
    declared: EnvironmentType | None, existing: ExistingEnvironment
) -> EnvironmentType | None:
    """Return the declared type if the environment is known to have another one."""
    return None if existing.type in (None, declared) else declared


def _is_taken(declared: DeclaredEnvironment, declaration: Declaration) -> bool:
    """Return whether another declaration has the name to be created too, or had it before.

    The environment created now could be taken for that other one by the next run.
    """
    if declared.state is State.ABSENT:
        return False
    others = (each for each in declaration.environments if each is not declared)
    names = (name for each in others for name in (each.name, each.rename_from) if name)
    return declared.name.casefold() in {name.casefold() for name in names}


def _admin_only_change(existing: ExistingEnvironment, desired: Desired) -> tuple[Change, ...]:
    if desired.admin_only is None or desired.admin_only == existing.admin_only:
        return ()
    if existing.admin_only is None and not (
        desired.admin_only or existing.is_admin_only_unreadable
    ):
        # A restriction that is not mentioned means unrestricted. A write that can't be verified
        # would be repeated by every run.
        return ()
    return (SetAdminOnly(existing.admin_only, desired.admin_only),)


def _branches_change(contents: ExistingContents, desired: Desired) -> tuple[Change, ...]:
    if desired.branches is None:
        return ()
    if isinstance(contents.branches, Problem):
        return (BranchesUnavailable(desired.branches, contents.branches),)
    existing = contents.branches or ()
    if {each.pattern for each in existing} == set(desired.branches):
        return ()
    return (SetBranches(existing, desired.branches),)
