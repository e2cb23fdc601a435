"""The JSON report: the run as other programs read it (README, "The JSON report")."""

from __future__ import annotations

import json
from typing import Final

from msgspec.structs import asdict

from pipe.bitbucket.requests import Json
from pipe.models.errors import Problem
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    RepositoryResult,
    RunResult,
    count_environments,
    count_variables,
)
from pipe.reports.presentation import About, action_of, type_of

VERSION: Final = 1


def render(result: RunResult, about: About) -> str:  # noqa: ARG001 - all renderers take both
    """Return the report as text."""
    return json.dumps(document(result), indent=2, ensure_ascii=False) + "\n"


def document(result: RunResult) -> dict[str, Json]:
    """Return the report as JSON-ready values."""
    counts = result.counts
    return {
        "version": VERSION,
        "mode": str(result.mode),
        "outcome": str(result.outcome),
        "exit_code": int(result.exit_code),
        "summary": {
            "environments": asdict(count_environments(result.environments)),
            "variables": asdict(count_variables(result.environments)),
        },
        "requests": {
            "total": counts.total,
            "reads": counts.reads,
            "writes": counts.writes,
            "retries": counts.retries,
        },
        "seconds": round(result.seconds, 3),
        "plan_checksum": result.plan_checksum,
        "errors": _errors(result),
        "remaining": [str(each) for each in result.remaining],
        "repositories": [_repository(each) for each in result.repositories],
    }


def _errors(result: RunResult) -> list[Json]:
    """Return what concerns the run as a whole."""
    faults: list[Json] = [
        {"key": "configuration", "where": fault.source, "what": fault.message}
        for fault in result.faults
    ]
    return [*(_problem(each) for each in result.problems), *faults]


def _repository(result: RepositoryResult) -> dict[str, Json]:
    return {
        "workspace": result.repository.workspace,
        "slug": result.repository.slug,
        "error": _problem(result.problem),
        "pipelines": None if result.pipelines is None else str(result.pipelines),
        "environments": [_environment(each) for each in result.environments],
    }


def _environment(result: EnvironmentResult) -> dict[str, Json]:
    return {
        "name": result.plan.name,
        "uuid": result.uuid,
        "type": type_of(result.plan),
        "action": action_of(result.plan),
        "outcome": str(result.outcome),
        "error": _problem(result.problem),
        "changes": [_change(each) for each in result.changes],
    }


def _change(result: ChangeResult) -> dict[str, Json]:
    change = result.change
    told: dict[str, Json] = {"field": change.field}
    if change.secured:
        told["secured"] = True
    else:
        told["before"] = _value(change.before)
        told["after"] = _value(change.after)
    told["outcome"] = str(result.outcome)
    if result.problem is not None:
        told["error"] = _problem(result.problem)
    return told


def _value(value: str | bool | tuple[str, ...] | None) -> Json:  # noqa: FBT001 - a field's value
    return list(value) if isinstance(value, tuple) else value


def _problem(problem: Problem | None) -> Json:
    if problem is None:
        return None
    return {
        "key": problem.key,
        "what": problem.what,
        "why": problem.why,
        "remedy": problem.remedy,
    }
