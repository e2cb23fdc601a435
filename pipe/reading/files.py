"""Reads the files that variables name, with messages that help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipe.reading.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.reading.faults import Faults

_LONGEST: Final = 1024 * 1024


def read_text(name: str, path: str, files: Callable[[str], str], faults: Faults) -> str | None:
    """Read the file that a variable names; if it can't be read, remember why."""
    try:
        text = files(path)
    except UnicodeDecodeError:
        faults.add(name, f"{quoted(path)} is not text in UTF-8")
    except OSError as error:
        faults.add(
            name,
            f"{quoted(path)} can't be read: {error.strerror or type(error).__name__};"
            " the path starts in the clone directory",
        )
    else:
        if len(text) <= _LONGEST:
            return text
        faults.add(name, f"{quoted(path)} is longer than {_LONGEST} characters")
    return None
