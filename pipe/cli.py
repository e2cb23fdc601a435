"""Command line of the pipe: arguments, environment variables, streams and the exit code.

The only module that reads `os.environ` or exits.
"""

import gc
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from pipe import VERSION
from pipe.process.context import RunContext, Stop, real_clock
from pipe.process.signals import call_with_signals
from pipe.process.streams import LogStream, OutputStream, reserve_standard_descriptors

if TYPE_CHECKING:  # a configuration error is reported without loading the HTTP client
    import httpx

_STDOUT: Final = 1
_STDERR: Final = 2

_STACK_BYTES: Final = 4 * 1024 * 1024
"""For each thread, whatever the limit of the process: deeply nested JSON needs stack."""

_GARBAGE: Final = 10_000
"""Objects between two collections. The results of a fleet stay: looking through them for garbage as
often as is usual takes an eighth of its CPU time. What is dropped in between takes about 1 MB."""

_OK: Final = 0
_UNEXPECTED: Final = 1
_GAVE_UP: Final = 6
"""Exit codes; `models.errors` is loaded later."""


def exit_process() -> NoReturn:
    """Run once and exit. Skips the interpreter's own end, which takes 50 ms for nothing."""
    os._exit(main(sys.argv[1:]))


def main(arguments: Sequence[str] = ()) -> int:
    """Run once with the environment of this process; return the exit code.

    Args:
        arguments: `--help` or `--version` alone; any other is a configuration error.
    """
    stop = Stop()
    reserve_standard_descriptors()
    threading.stack_size(_STACK_BYTES)
    code = call_with_signals(lambda: _run_or_log(stop, arguments), stop)
    return _GAVE_UP if code is None else code


def _run_or_log(stop: Stop, arguments: Sequence[str]) -> int:
    try:
        return _run(stop, arguments)
    except BaseException as error:  # noqa: BLE001 - `run` raises nothing; a broken import does
        name = type(error).__name__  # no message: it could hold a secret
        LogStream(_STDERR, stop).write(f"ERROR: The pipe ended unexpectedly ({name}): a bug\n")
        return _UNEXPECTED


def _run(stop: Stop, arguments: Sequence[str]) -> int:
    # Importing allocates much and frees nothing: there is no garbage to look for.
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them takes 8 ms
    if [*arguments] == ["--version"]:
        return _print(f"Bitbucket Environment {VERSION}\n", stop)
    if [*arguments] == ["--help"]:
        from pipe.settings.usage import usage  # noqa: PLC0415 - `pipe.settings` is slow

        return _print(usage(VERSION), stop)
    from pipe.run import run  # noqa: PLC0415 - imports nearly everything: after these lines

    return run(
        RunContext(
            environ=os.environ,
            files=_read_text,
            out=OutputStream(_STDOUT, stop),
            err=LogStream(_STDERR, stop),
            clock=real_clock(stop),
            stop=stop,
            connect=lambda: _connect(stop),
            in_pipe=lambda: _in_pipe(stop),
            arguments=tuple(arguments),
        )
    )


def _connect(stop: Stop) -> "httpx.BaseTransport":
    import pipe.modes  # noqa: F401, PLC0415 - slow; a configuration error does without
    from pipe.bitbucket.http_client import open_connections  # noqa: PLC0415 - loads the HTTP client

    gc.freeze()  # all that is imported stays
    gc.set_threshold(_GARBAGE)
    gc.enable()
    return open_connections(environ=os.environ, stop=stop)


def _in_pipe(stop: Stop) -> "httpx.BaseTransport":
    from pipe.bitbucket.http_client import open_in_pipe_connections  # noqa: PLC0415 - only when asked for

    return open_in_pipe_connections(stop)


def _read_text(path: str) -> str:
    from pipe.settings.files import read_clone_file  # noqa: PLC0415 - `pipe.settings` is slow

    return read_clone_file(path, os.environ.get("BITBUCKET_CLONE_DIR") or str(Path.cwd()))


def _print(text: str, stop: Stop) -> int:
    with suppress(OSError):  # no process reads it
        OutputStream(_STDOUT, stop).write(text)
    return _OK
