"""The text of a configuration file → layers of declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipe.layers import Layers
    from pipe.selection import Item
    from pipe.settings.faults import Faults
    from pipe.settings.model import Prunable
    from pipe.settings.where import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What a configuration file says.

    Attributes:
        workspace: The one that counts for repositories that don't name their own.
        items: The repositories it is for; `None`: it does not say.
        layers: What is wanted of each repository.
    """

    workspace: str | None
    items: tuple[Item, ...] | None
    layers: Layers


def read_config_file(
    path: str,
    text: str,
    *,
    environ: Mapping[str, str],
    workspace: Workspace,
    prune: Collection[Prunable],
    faults: Faults,
) -> ConfigFile | None:
    """Read a configuration file; if it is faulty, remember everything wrong.

    Args:
        path: How the file is called in the faults.
        text: What it holds.
        environ: Where `from_env` finds its values.
        workspace: What `WORKSPACE` and Pipelines say.
        prune: What `PRUNE` says: it holds where the file says nothing.
        faults: Where to remember what is wrong.
    """
    raise NotImplementedError
