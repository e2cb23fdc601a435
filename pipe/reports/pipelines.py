"""Hands the result to later pipes and later steps. That this fails is never worth a word."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Final

from pipe.models.results import RunResult
from pipe.reports.files import write_atomically
from pipe.reports.json import document
from pipe.settings.pipelines import PipelineContext

SHARED: Final = "_shared_variables.json"
"""The file in which pipes leave things for each other: a JSON object, one key a pipe."""

KEY: Final = "bitbucket_environment"

OUTCOME: Final = "ENVIRONMENT_OUTCOME"
EXIT_CODE: Final = "ENVIRONMENT_EXIT_CODE"
PLAN_CHECKSUM: Final = "ENVIRONMENT_PLAN_CHECKSUM"


def share_result(result: RunResult, context: PipelineContext) -> None:
    """Leave the result where Pipelines says, as far as it says and can be written."""
    if context.shared_storage_dir is not None:
        with contextlib.suppress(OSError):
            share(result, Path(context.shared_storage_dir))
    if context.variables_path is not None:
        with contextlib.suppress(OSError):
            export_variables(result, Path(context.variables_path))


def share(result: RunResult, folder: Path) -> None:
    """Put the report beside what other pipes left.

    What they left and can't be read is left alone: the result of this run is not worth their data.

    Raises:
        OSError: It can't be written.
    """
    path = folder / SHARED
    try:
        shared = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        shared = {}
    except (ValueError, RecursionError):
        return
    if isinstance(shared, dict):
        shared[KEY] = document(result)
        write_atomically(path, json.dumps(shared, indent=2) + "\n")


def export_variables(result: RunResult, path: Path) -> None:
    r"""Append variables for later steps, which get those that the step lists as output variables.

    The file holds `KEY=VALUE` lines (Bitbucket's support pages, "Variable sharing").

    Raises:
        OSError: It can't be written.
    """
    variables = {OUTCOME: str(result.outcome), EXIT_CODE: str(int(result.exit_code))}
    if result.plan_checksum is not None:
        variables[PLAN_CHECKSUM] = result.plan_checksum
    # Not created: where there is no such file, nobody reads it.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND), "a+b") as file:
        file.seek(0)
        begun = file.read()
        lines = "".join(f"{key}={value}\n" for key, value in variables.items())
        file.write((b"\n" if begun and not begun.endswith(b"\n") else b"") + lines.encode())
