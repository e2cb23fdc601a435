"""Takes secrets out of values that a report would show (pure).

A plain variable can hold what is a secret elsewhere: one that is pruned after its value moved to a
secured variable, or an address with a password in it. Values of secured variables never get here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipe.changes import Create, CreateVariable, DeleteVariable, Update, UpdateVariable
from pipe.declaration import PlainVariable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.changes import Change, EnvironmentPlan
    from pipe.declaration import DeclaredVariable
    from pipe.existing import ExistingVariable
    from pipe.results import EnvironmentResult, RepositoryResult

    Clean = Callable[[str], str]


def without_secrets(result: RepositoryResult, clean: Clean) -> RepositoryResult:
    """Return the result with every plain value cleaned; it is for reports only."""
    return replace(
        result, environments=tuple(_environment(each, clean) for each in result.environments)
    )


def _environment(result: EnvironmentResult, clean: Clean) -> EnvironmentResult:
    return replace(
        result,
        plan=_plan(result.plan, clean),
        changes=tuple(replace(each, change=_change(each.change, clean)) for each in result.changes),
    )


def _plan(plan: EnvironmentPlan, clean: Clean) -> EnvironmentPlan:
    if isinstance(plan, Create | Update):
        return replace(plan, changes=tuple(_change(each, clean) for each in plan.changes))
    return plan


def _change(change: Change, clean: Clean) -> Change:
    match change:
        case CreateVariable(variable):
            return CreateVariable(_declared(variable, clean))
        case UpdateVariable(existing, variable):
            return UpdateVariable(_existing(existing, clean), _declared(variable, clean))
        case DeleteVariable(existing):
            return DeleteVariable(_existing(existing, clean))
        case _:
            return change


def _declared(variable: DeclaredVariable, clean: Clean) -> DeclaredVariable:
    if isinstance(variable, PlainVariable):
        return replace(variable, value=clean(variable.value))
    return variable


def _existing(variable: ExistingVariable, clean: Clean) -> ExistingVariable:
    return replace(variable, value=None if variable.value is None else clean(variable.value))
