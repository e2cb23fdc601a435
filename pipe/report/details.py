"""What changes and what went wrong, as lines of text: every report shows the same (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipe.report.console import WIDTH
from pipe.report.text import cut, one_line
from pipe.report.views import difference, note

if TYPE_CHECKING:
    from datetime import datetime

    from pipe.errors import Problem
    from pipe.results import ChangeResult, EnvironmentResult
    from pipe.settings.values import PipelineContext

_LONGEST_FIELD: Final = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report says of the run beside its result.

    Attributes:
        at: When it ended, in UTC.
        context: What Pipelines told about the step.
    """

    at: datetime
    context: PipelineContext

    @property
    def pipeline_url(self) -> str | None:
        """The page of the pipeline run, where there is one."""
        if self.context.repository is None or self.context.build_number is None:
            return None
        repository, number = self.context.repository, self.context.build_number
        return f"https://bitbucket.org/{repository}/pipelines/results/{number}"


def change_lines(result: EnvironmentResult) -> list[str]:
    """Return a line for each change: the field, its difference, and what is notable about it."""
    width = max((len(each.change.field) for each in result.changes), default=0)
    return [_change_line(each, min(width, _LONGEST_FIELD)) for each in result.changes]


def _change_line(result: ChangeResult, width: int) -> str:
    field = cut(one_line(result.change.field), _LONGEST_FIELD)
    text = cut(f"{field:<{width}}  {one_line(difference(result.change))}", WIDTH)
    aside = note(result)
    return f"{text}   ({aside})" if aside else text


def problem_texts(problem: Problem) -> list[str]:
    """Return what happened, why, and what to do."""
    why = [f"Why: {one_line(problem.why)}"] if problem.why else []
    return [one_line(problem.what), *why, f"What to do: {one_line(problem.remedy)}"]
