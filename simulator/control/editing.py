"""Changing the state by hand, as other people do in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.control.reading import DocumentError, Reader
from simulator.control.seed import read_type, required, set_variables
from simulator.state.environment import Environment
from simulator.state.world import Repository

if TYPE_CHECKING:
    from simulator.simulator import Simulator


def edit(sim: Simulator, reader: Reader) -> None:
    """Edit one environment, or the variables of a repository, at once and without any lag.

    `repository` and `environment` say which; it is created when it does not exist. Without
    `environment`, `variables` are those of the repository. `name`,
    `admin_only`, `variables` (null deletes) and `branches` (the complete set) change it, `delete`
    removes it.

    Raises:
        DocumentError: The document says something else, or names an unknown repository.
    """
    fields = reader.fields(
        "repository",
        "environment",
        "type",
        "name",
        "admin_only",
        "variables",
        "branches",
        "delete",
    )
    repository = _repository(sim, required(reader, fields, "repository"))
    if "environment" not in fields and "variables" in fields:
        set_variables(repository, fields["variables"])
        return
    name = required(reader, fields, "environment").text()
    if "delete" in fields and fields["delete"].flag():
        if name not in repository.names():
            message = f"{repository.full_name} has no environment {name!r}"
            raise DocumentError(message)
        repository.delete_environment(repository.environment(name))
        return
    if name in repository.names():
        environment = repository.environment(name)
    else:
        type_ = read_type(fields["type"]) if "type" in fields else "Test"
        environment = repository.add_environment(name, type_)
    _change(environment, fields)


def _repository(sim: Simulator, reader: Reader) -> Repository:
    try:
        return sim.repository(reader.text())
    except KeyError:
        message = f"{reader.where}: there is no repository {reader.text()!r}"
        raise DocumentError(message) from None


def _change(environment: Environment, fields: dict[str, Reader]) -> None:
    if "name" in fields:
        environment.rename(fields["name"].text())
    if "admin_only" in fields:
        environment.restrict(admin_only=fields["admin_only"].flag())
    if "variables" in fields:
        set_variables(environment, fields["variables"])
    if "branches" in fields:
        wanted = [pattern.text() for pattern in fields["branches"].items()]
        for pattern in wanted:
            environment.add_branch(pattern)
        for pattern in [each for each in environment.branches if each not in wanted]:
            environment.remove_branch(pattern)
