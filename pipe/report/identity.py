"""Which of several uses of the pipe this is, so that each updates its own reports only (pure)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipe.settings import Settings


def identity(settings: Settings) -> str:
    """Return 12 hexadecimal digits that stay the same from run to run.

    A pipeline may use the pipe several times, for one environment each or in parallel steps. What a
    configuration file holds changes with every pull request, so that only its name counts.
    """
    if settings.config_file is not None:
        parts = [settings.config_file]
    else:
        base = settings.layers.base
        parts = [repr(settings.selection.items)]
        parts += [each.name for each in base.environments]
        parts += [f"{each.name_pattern} {each.type}" for each in base.rules]
    parts.append(repr(settings.parallel))
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
