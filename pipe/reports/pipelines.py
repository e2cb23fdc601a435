"""Share the result with later pipes and later steps; failures are ignored."""

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pipe.models.results import RunResult
from pipe.reports.files import write_atomically
from pipe.reports.json import document
from pipe.settings.pipelines import PipelineContext

SHARED: Final = "_shared_variables.json"
"""The file through which pipes share data: a JSON object, one key for each pipe."""

KEY: Final = "bitbucket_environment"

OUTCOME: Final = "ENVIRONMENT_OUTCOME"
EXIT_CODE: Final = "ENVIRONMENT_EXIT_CODE"
PLAN_CHECKSUM: Final = "ENVIRONMENT_PLAN_CHECKSUM"

_MAX_BYTES: Final = 16 * 1024 * 1024


def share_result(result: RunResult, context: PipelineContext) -> None:
    """Share the result where Pipelines offers it and the file can be written."""
    if context.shared_storage_dir is not None:
        with contextlib.suppress(OSError):
            share_report(result, Path(context.shared_storage_dir))
    if context.variables_path is not None:
        with contextlib.suppress(OSError):
            export_variables(result, Path(context.variables_path))


def share_report(result: RunResult, folder: Path) -> None:
    """Add the report to the file of shared variables; other pipes' keys are kept.

    A file that is not a JSON object is left alone: it may be another pipe's data.

    Raises:
        OSError: It can't be written.
    """
    path = folder / SHARED
    try:
        with _open_regular(path, os.O_RDONLY) as file:
            shared = json.loads(file.read(_MAX_BYTES))
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
    # The file is not created: where Pipelines offers none, nothing reads it.
    with _open_regular(path, os.O_RDWR | os.O_APPEND) as file:
        content = file.read(_MAX_BYTES)
        lines = "".join(f"{key}={value}\n" for key, value in variables.items())
        file.write((b"\n" if content and not content.endswith(b"\n") else b"") + lines.encode())


@contextlib.contextmanager
def _open_regular(path: Path, flags: int) -> Iterator[BinaryIO]:
    """Open a regular file; a pipe or a device, on which reading could wait forever, is refused."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "a+b" if flags & os.O_APPEND else "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        file.seek(0)
        yield file
