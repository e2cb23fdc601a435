"""What exists, as a configuration file that, applied unchanged, does nothing.

Secured values can't be read, so each becomes a `from_env` with a suggested name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TextIO, TypeAlias

from pipe import fingerprint, fleet, problems
from pipe.declaration import Desired
from pipe.errors import PipeError, Problem
from pipe.gather import list_environments, read_contents
from pipe.results import RepositoryResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipe.declaration import Repository
    from pipe.existing import ExistingContents, ExistingEnvironment, ExistingVariable
    from pipe.report.log import Log
    from pipe.results import RunResult
    from pipe.runtime import Stop
    from pipe.service import Service

Yaml: TypeAlias = "str | bool | int | list[Yaml] | dict[str, Yaml]"

_EVERYTHING = Desired(branches=(), variables=())
"""Asks for all that an environment holds."""

_HEADER = """\
# Written by Bitbucket Environment (MODE=export). Applied unchanged, it changes nothing.
# A secured value can't be read back: give each variable named by from_env to the pipe, and use
# SECURED_UPDATE=if-missing to leave the stored values alone.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """One repository: its environments as the file tells them, or why they can't be told."""

    repository: Repository
    environments: list[Yaml]
    problem: Problem | None
    warnings: tuple[str, ...]


def export_to(
    out: TextIO,
    service: Service,
    repositories: tuple[Repository, ...],
    nothing: RunResult,
    console: Log,
    *,
    workers: int,
    stop: Stop,
) -> RunResult:
    """Write the configuration file of these repositories to `out`; fill results into `nothing`."""
    done = list(
        fleet.in_order(
            partial(_export, service),
            repositories,
            workers=workers,
            waiting=lambda _: not stop.requested,
        )
    )
    for each in done:
        if each.problem is not None:
            console.problem(each.problem)
        for warning in each.warnings:
            console.warning(warning)
    found = {each.repository: each.environments for each in done if each.problem is None}
    if found:
        out.write(_HEADER + _dump(_document(found)))
        out.flush()
    stopped = (problems.stopped(stop.reason),) if len(done) < len(repositories) else ()
    return replace(
        nothing,
        repositories=tuple(
            RepositoryResult(repository=each.repository, problem=each.problem) for each in done
        ),
        remaining=repositories[len(done) :],
        problems=stopped,
    )


def _export(service: Service, repository: Repository) -> Exported:
    warnings: list[str] = []
    environments: list[Yaml] = []
    try:
        for existing in list_environments(service, repository):
            contents = read_contents(service, repository, existing, _EVERYTHING)
            environments.append(_environment(existing, contents))
            if isinstance(contents.branches, Problem):
                warnings.append(f"{contents.branches.what} {contents.branches.why}")
    except PipeError as error:
        return Exported(repository, [], error.problem, ())
    return Exported(repository, environments, None, tuple(warnings))


def _document(found: dict[Repository, list[Yaml]]) -> Yaml:
    """Say once what is the same everywhere, and the rest for each repository."""
    workspaces = sorted({each.workspace for each in found})
    names: list[Yaml] = [each.slug if len(workspaces) == 1 else str(each) for each in found]
    common: list[Yaml] = [
        each
        for each in next(iter(found.values()))
        if all(each in environments for environments in found.values())
    ]
    overrides: list[Yaml] = [
        {
            "repositories": [name],
            "environments": [each for each in environments if each not in common],
        }
        for name, environments in zip(names, found.values(), strict=True)
        if any(each not in common for each in environments)
    ]
    document: dict[str, Yaml] = {"version": 1}
    if len(workspaces) == 1:
        document["workspace"] = workspaces[0]
    document |= {"repositories": names, "environments": common}
    return document | ({"overrides": overrides} if overrides else {})


def _environment(existing: ExistingEnvironment, contents: ExistingContents) -> dict[str, Yaml]:
    told: dict[str, Yaml] = {"name": existing.name}
    if existing.type is not None:
        told["type"] = str(existing.type)
    if existing.admin_only is not None:
        told["admin_only"] = existing.admin_only
    if contents.branches and not isinstance(contents.branches, Problem):
        told["branches"] = [*sorted({each.pattern for each in contents.branches})]
    variables = _variables(existing, contents.variables or ())
    return told | ({"variables": variables} if variables else {})


def _variables(
    existing: ExistingEnvironment, variables: Iterable[ExistingVariable]
) -> dict[str, Yaml]:
    return {
        each.key: (
            {"secured": True, "from_env": suggested_name(existing.name, each.key)}
            if each.secured
            else each.value or ""
        )
        for each in sorted(variables, key=lambda each: each.key)
        if each.key != fingerprint.VARIABLE
    }


def suggested_name(environment: str, key: str) -> str:
    """Return the name of an environment variable that a secured value could come from."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", f"{environment}_{key}").strip("_").upper()
    return f"_{name}" if name[:1].isdigit() else name or "SECRET"


def _dump(document: Yaml) -> str:
    import yaml  # noqa: PLC0415 - costs start-up time, and only exports need it

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text
