"""Every failure of talking to Bitbucket, told: what happened, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipe.errors import ExitCode, Problem

if TYPE_CHECKING:
    from pipe.bitbucket.protocol import Rejected
    from pipe.declaration import Repository


def rejection(doing: str, repository: Repository, rejected: Rejected) -> Problem:
    """Return what Bitbucket's refusal means; `doing` completes "Bitbucket refused to"."""
    raise NotImplementedError


def list_incomplete(what: str, found: int, size: int | None) -> Problem:
    """Return the problem of a list that Bitbucket would not give whole."""
    raise NotImplementedError(what, found, size, ExitCode.INCOMPLETE)
