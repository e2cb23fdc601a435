"""What would have to change: from what is declared and what exists to a plan (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    Delete,
    DeleteReason,
    EnvironmentPlan,
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
from pipe.models.existing import ExistingContents, ExistingEnvironment
from pipe.planning import problems
from pipe.planning.matching import Ambiguous, BothExist, Found, Match, Missing, match, rule_for
from pipe.planning.variables import SecretsPolicy, plan_variables

__all__ = ["Observed", "SecretsPolicy", "plan_environment", "plan_repository", "targets"]


class Observed(Struct, frozen=True, kw_only=True):
    """What was read of one repository.

    Attributes:
        environments: The complete list.
        contents: By environment uuid, for those that were asked for.
        pipelines_enabled: `None`: not asked for.
    """

    environments: tuple[ExistingEnvironment, ...]
    contents: Mapping[str, ExistingContents]
    pipelines_enabled: bool | None = None


class ByName(Struct, frozen=True):
    """A declaration by name, and what it means."""

    declared: DeclaredEnvironment
    match: Match


class ByRule(Struct, frozen=True):
    """An existing environment that a rule takes hold of."""

    rule: Rule
    existing: ExistingEnvironment


class Undeclared(Struct, frozen=True):
    """An existing environment that nothing declares."""

    existing: ExistingEnvironment


Target = ByName | ByRule | Undeclared


def targets(
    declaration: Declaration, environments: tuple[ExistingEnvironment, ...]
) -> tuple[Target, ...]:
    """Say what each declaration means and what becomes of every other existing environment."""
    named = tuple(ByName(each, match(each, environments)) for each in declaration.environments)
    claimed = {existing.uuid for each in named for existing in _claimed(each.match)}
    others = (each for each in environments if each.uuid not in claimed)
    rest: list[ByRule | Undeclared] = []
    for existing in sorted(others, key=lambda each: (each.name, each.uuid)):
        rule = rule_for(declaration.rules, existing)
        rest.append(Undeclared(existing) if rule is None else ByRule(rule, existing))
    return (*named, *rest)


def _claimed(found: Match) -> tuple[ExistingEnvironment, ...]:
    """Everything a declaration may mean is out of reach of rules and pruning."""
    match found:
        case Found(existing):
            return (existing,)
        case BothExist(former, present):
            return (former, present)
        case Ambiguous(candidates=candidates):
            return candidates
        case Missing():
            return ()
        case _:
            assert_never(found)


def plan_repository(
    repository: Repository, declaration: Declaration, observed: Observed, policy: SecretsPolicy
) -> RepositoryPlan:
    """Return everything that would happen to one repository, before safety has its say."""
    meant = targets(declaration, observed.environments)
    found = [
        each.match.existing.uuid
        for each in meant
        if isinstance(each, ByName) and isinstance(each.match, Found)
    ]
    plans: list[EnvironmentPlan] = []
    for target in meant:
        match target:
            case ByName(declared, Found(existing)) if found.count(existing.uuid) > 1:
                problem = problems.declared_twice(existing.name)
                plans.append(Refuse(name=declared.name, existing=existing, problem=problem))
            case ByName(declared, Missing()) if _is_spoken_for(declared, declaration):
                problem = problems.declared_twice(declared.name)
                plans.append(Refuse(name=declared.name, existing=None, problem=problem))
            case ByName(declared, its_match):
                contents = _contents_of(its_match, observed)
                plans.append(plan_environment(declared, its_match, contents, policy))
            case ByRule(rule, existing):
                contents = observed.contents.get(existing.uuid, ExistingContents())
                plans.append(_plan_by_rule(rule, existing, contents, policy))
            case Undeclared(existing):
                if declaration.prune_environments:
                    plans.append(Delete(existing=existing, reason=DeleteReason.PRUNED))
            case _:
                assert_never(target)
    return RepositoryPlan(
        repository=repository,
        enable_pipelines=declaration.enable_pipelines and observed.pipelines_enabled is False,
        environments=tuple(plans),
    )


def conflicting_type(
    declared: DeclaredEnvironment, existing: ExistingEnvironment
) -> EnvironmentType | None:
    """Return the declared type where the environment is known to be of another one."""
    return None if existing.type in (None, declared.type) else declared.type


def _is_spoken_for(declared: DeclaredEnvironment, declaration: Declaration) -> bool:
    """Whether another declaration has the name to be created too, as its own or its former one.

    Created today, the environment could be taken for the other's tomorrow.
    """
    if declared.state is State.ABSENT:
        return False
    others = (each for each in declaration.environments if each is not declared)
    names = (name for each in others for name in (each.name, each.rename_from) if name)
    return declared.name.casefold() in {name.casefold() for name in names}


def _contents_of(found: Match, observed: Observed) -> ExistingContents:
    if isinstance(found, Found):
        return observed.contents.get(found.existing.uuid, ExistingContents())
    return ExistingContents()


def plan_environment(
    declared: DeclaredEnvironment, found: Match, contents: ExistingContents, policy: SecretsPolicy
) -> EnvironmentPlan:
    """Return what would happen to one declared environment."""
    match found:
        case Ambiguous():
            return Refuse(name=declared.name, existing=None, problem=problems.ambiguous_name(found))
        case BothExist(former):
            return Refuse(
                name=declared.name, existing=former, problem=problems.rename_target_exists(found)
            )
        case Missing():
            return _plan_missing(declared, policy)
        case Found(existing) if declared.state is State.ABSENT:
            return Delete(existing=existing, reason=DeleteReason.DECLARED)
        case Found(existing, renamed):
            other = conflicting_type(declared, existing)
            if other is not None:
                problem = problems.type_cannot_change(existing, other)
                return Refuse(name=declared.name, existing=existing, problem=problem)
            rename = (SetName(existing.name, declared.name),) if renamed else ()
            return _plan_existing(existing, rename, declared.desired, contents, policy)
        case _:
            assert_never(found)


def _plan_by_rule(
    rule: Rule, existing: ExistingEnvironment, contents: ExistingContents, policy: SecretsPolicy
) -> EnvironmentPlan:
    if rule.type is not None and existing.type is None:
        problem = problems.type_unknown(existing, rule.type)
        return Refuse(name=existing.name, existing=existing, problem=problem)
    if rule.state is State.ABSENT:
        return Delete(existing=existing, reason=DeleteReason.RULE)
    return _plan_existing(existing, (), rule.desired, contents, policy)


def _plan_missing(declared: DeclaredEnvironment, policy: SecretsPolicy) -> EnvironmentPlan:
    if declared.state is State.ABSENT:
        return Keep(name=declared.name, existing=None)
    if declared.type is None:
        problem = problems.type_needed(declared.name)
        return Refuse(name=declared.name, existing=None, problem=problem)
    desired = declared.desired
    changes: list[Change] = [SetType(declared.type)]
    if desired.admin_only is not None:
        changes.append(SetAdminOnly(None, desired.admin_only))
    if desired.branches:
        changes.append(SetBranches((), desired.branches))
    changes += plan_variables(desired, (), None, policy).changes
    return Create(declared=declared, type=declared.type, changes=tuple(changes))


def _plan_existing(
    existing: ExistingEnvironment,
    rename: tuple[SetName, ...],
    desired: Desired,
    contents: ExistingContents,
    policy: SecretsPolicy,
) -> Update | Keep:
    variables = plan_variables(desired, contents.variables or (), existing.uuid, policy)
    changes = (
        *rename,
        *_admin_only_change(existing, desired),
        *_branches_change(contents, desired),
        *variables.changes,
    )
    if changes:
        return Update(existing=existing, changes=changes, unchanged_variables=variables.unchanged)
    return Keep(name=existing.name, existing=existing, unchanged_variables=variables.unchanged)


def _admin_only_change(existing: ExistingEnvironment, desired: Desired) -> tuple[Change, ...]:
    if desired.admin_only is None or desired.admin_only == existing.admin_only:
        return ()
    if existing.admin_only is None and not (
        desired.admin_only or existing.is_admin_only_unreadable
    ):
        # Bitbucket did not say. Unrestricted is what a missing restriction means, and a write
        # that can't be verified either would be repeated at every run.
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
