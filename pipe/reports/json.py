"""Render the JSON report, which other programs read (`schema/report.schema.json`)."""

import json
from typing import Final

from msgspec.structs import asdict

from pipe.bitbucket.requests import Json
from pipe.models.changes import Shown
from pipe.models.counting import action_of, count_environments, count_plan, count_variables
from pipe.models.errors import Problem
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    RepositoryResult,
    RunResult,
)
from pipe.reports.presentation import RunView, type_of

REPORT_VERSION: Final = 1


def render(view: RunView) -> str:
    """Return the report as text."""
    return json.dumps(document(view.result), indent=2, ensure_ascii=False) + "\n"


def document(result: RunResult) -> dict[str, Json]:
    """Return the report as JSON-ready values."""
    return {
        "version": REPORT_VERSION,
        "mode": str(result.mode),
        "outcome": str(result.outcome),
        "exit_code": int(result.exit_code),
        "summary": {
            "environments": asdict(count_environments(result.environments)),
            "variables": asdict(count_variables(result.repositories)),
        },
        "plan": asdict(count_plan(result.environments)),
        "requests": asdict(result.counts),
        "seconds": round(result.seconds, 3),
        "plan_checksum": result.plan_checksum,
        "errors": _errors(result),
        "remaining": [str(each) for each in result.remaining],
        "repositories": [_repository(each) for each in result.repositories],
    }


def _errors(result: RunResult) -> list[Json]:
    """Return the problems of the run as a whole, and the configuration errors."""
    config_errors: list[Json] = [
        {"key": "configuration", "source": each.source, "what": each.message}
        for each in result.config_errors
    ]
    return [*(_problem(each) for each in result.problems), *config_errors]


def _repository(result: RepositoryResult) -> dict[str, Json]:
    return {
        "workspace": result.repository.workspace,
        "slug": result.repository.slug,
        "error": _problem(result.problem),
        "pipelines": None if result.pipelines is None else str(result.pipelines),
        "changes": [_change(each) for each in result.changes],
        "environments": [_environment(each) for each in result.environments],
    }


def _environment(result: EnvironmentResult) -> dict[str, Json]:
    return {
        "name": result.plan.name,
        "uuid": result.uuid,
        "type": type_of(result.plan),
        "action": str(action_of(result.plan)),
        "outcome": str(result.outcome),
        "error": _problem(result.problem),
        "changes": [_change(each) for each in result.changes],
    }


def _change(result: ChangeResult) -> dict[str, Json]:
    change = result.change
    values: dict[str, Json] = (
        {"secured": True}
        if change.secured
        else {"before": _value(change.before), "after": _value(change.after)}
    )
    error = {} if result.problem is None else {"error": _problem(result.problem)}
    return {"field": change.field, **values, "outcome": str(result.outcome), **error}


def _value(value: Shown) -> Json:
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
