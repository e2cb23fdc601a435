"""Sum up a run in a sentence: what the plan would do, and what happened."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec.structs import asdict

from pipe.models.changes import Update
from pipe.models.counting import (
    PlanCounts,
    count_environments,
    count_plan,
    count_variables,
    is_impossible,
)
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    Exported,
    Mode,
    Outcome,
    RepositoryResult,
    RunOutcome,
    RunResult,
    differs,
    is_drift,
)
from pipe.reports.text import count_list, counted, one_line, repositories

_MAX_LAST_LINE: Final = 98
"""Characters of the last line of the log beside its mark: 100 columns fit every window."""


def deletions(counts: PlanCounts) -> str:
    """Write how many environments a plan would delete."""
    return f"{counts.delete} to delete"


def plan_sentence(results: Iterable[RepositoryResult]) -> str:
    """Write what plans would do: `1 to create, 2 to change, 4 to delete, 3 unchanged`."""
    results = tuple(results)
    counts = count_plan(each for one in results for each in one.environments)
    impossible = sum(is_impossible(each.plan) for one in results for each in one.environments)
    rewritten = sum(
        isinstance(each.plan, Update) and not is_drift(each.changes)
        for one in results
        for each in one.environments
    )
    only = f" ({rewritten} with secured values only)" if rewritten else ""
    blocked = [(counts.refuse, "refused"), (impossible, "impossible")]
    others = "".join(f", {number} {word}" for number, word in blocked if number)
    pipelines = sum(each.pipelines is Outcome.PLANNED for each in results)
    enabled = f"; Pipelines to enable in {repositories(pipelines)}" if pipelines else ""
    changed = sum(is_possible(each.changes) for each in results)
    own = f"; variables to change in {repositories(changed)}" if changed else ""
    return (
        f"{counts.create} to create, {counts.update} to change{only}, {deletions(counts)},"
        f" {counts.unchanged} unchanged{others}{own}{enabled}"
    )


def shows_plan(result: RunResult) -> bool:
    """Whether the run ends with a plan: a dry run that could read anything."""
    is_dry = result.mode in (Mode.PLAN, Mode.CHECK) and not result.config_errors
    return is_dry and any(each.problem is None for each in result.repositories)


def would_change(result: RunResult) -> bool:
    """Whether the plan holds anything to write."""
    plan = count_plan(result.environments)
    repositories = any(each.pipelines or is_possible(each.changes) for each in result.repositories)
    return repositories or bool(plan.create or plan.update or plan.delete)


def summary(result: RunResult) -> str:
    """Write what happened, in a sentence; what was only planned is not mentioned."""
    return _sentence(result, _happened(result))


def summary_parts(result: RunResult) -> tuple[list[str], str]:
    """Return what happened as a short last line, and the parts that it has no room for."""
    happened = _happened(result)
    moved: list[str] = []
    while len(_sentence(result, happened)) > _MAX_LAST_LINE:
        moved.insert(0, happened.pop())
    return moved, _sentence(result, happened)


def _happened(result: RunResult) -> list[str]:
    """Return the parts of the sentence, the most important first."""
    failed = sum(each.problem is not None for each in result.repositories)
    variables = asdict(count_variables(result.repositories))
    is_apply = result.mode is Mode.APPLY
    environments = _environments(result.environments) if is_apply else _compared(result)
    is_only_planned = result.outcome in (RunOutcome.PLANNED, RunOutcome.DRIFT)
    enabled = sum(each.pipelines is Outcome.APPLIED for each in result.repositories)
    parts = [
        _config_errors(result),
        f"{repositories(failed)} failed" if failed else "",
        f"{repositories(len(result.remaining))} not started" if result.remaining else "",
        _exported(result.exported),
        "nothing was written" if is_only_planned and "differ" not in environments else "",
        environments,
        count_list(((number, name) for name, number in variables.items()), "variable"),
        f"Pipelines enabled in {repositories(enabled)}" if enabled else "",
    ]
    return [part for part in parts if part] or ["nothing was written"]


def _compared(result: RunResult) -> str:
    """Count environments by what a dry run found; those that would be changed are in the plan."""
    counts = Counter(_finding(each, result.mode) for each in result.environments)
    differ = "differs" if counts["differ"] == 1 else "differ"
    found = [
        (counts["differ"], differ),
        (counts["impossible"], "can't be applied"),
        (counts["in part"], "can be applied in part only"),
        (counts["refused"], "refused"),
        (counts["unchanged"], "unchanged"),
    ]
    return count_list(found, "environment")


def _finding(result: EnvironmentResult, mode: Mode) -> str:
    match result.outcome:
        case Outcome.PLANNED if mode is Mode.CHECK and differs(result):
            return "differ"
        case Outcome.PLANNED | Outcome.FAILED if result.problems:
            return "in part" if is_possible(result.changes) else "impossible"
        case outcome:
            return str(outcome)


def is_possible(changes: Iterable[ChangeResult]) -> bool:
    """Whether any of the planned changes can be applied."""
    return any(each.outcome is Outcome.PLANNED and not each.problem for each in changes)


def _environments(results: tuple[EnvironmentResult, ...]) -> str:
    """Count each environment once: one that failed after a change is not counted as changed."""
    counts = asdict(count_environments(results))
    failed = count_environments(
        each for each in results if each.outcome in (Outcome.FAILED, Outcome.UNVERIFIED)
    )
    counts["created"] -= failed.created
    counts["updated"] -= failed.updated
    in_part = failed.created + failed.updated
    noted = {"failed": f"failed ({in_part} changed in part)"} if in_part else {}
    found = [(number, noted.get(name, name)) for name, number in counts.items()]
    skipped = sum(each.outcome is Outcome.SKIPPED for each in results)
    return count_list([*found, (skipped, "not started")], "environment")


def _exported(exported: Exported | None) -> str:
    if exported is None:
        return ""
    place = "standard output" if exported.path is None else one_line(exported.path)
    environments = counted(exported.environments, "environment")
    return f"{environments} of {repositories(exported.repositories)} written to {place}"


def _config_errors(result: RunResult) -> str:
    if not result.config_errors:
        return ""
    return f"{counted(len(result.config_errors), 'configuration error')}, nothing was sent"


def _sentence(result: RunResult, happened: list[str]) -> str:
    sent = counted(result.counts.total, "request")
    if result.counts.total:  # attempts that could not be sent are no retries
        sent += f", {counted(result.counts.retries, 'retry', 'retries')}"
    parts = [*happened, f"{sent}, {result.seconds:.1f} s"]
    is_exported = result.outcome is RunOutcome.UNCHANGED and result.exported is not None
    outcome = "exported" if is_exported else str(result.outcome)
    return f"{outcome.capitalize()}: {'; '.join(parts)}"
