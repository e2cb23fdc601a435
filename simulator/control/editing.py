"""Edits: changes of the state by hand, as other people make them between two runs."""

from simulator.control.documents import Document, DocumentError, validate
from simulator.control.seed import EnvironmentType, Variables, set_variables
from simulator.http import Json
from simulator.simulator import Simulator
from simulator.state.environment import Environment
from simulator.state.world import Repository


class EditDocument(Document):
    """An edit of one environment, or of the variables of a repository.

    Attributes:
        repository: `workspace/slug`.
        environment: Name of the environment, which is created when it does not exist. Not given:
            `variables` are those of the repository.
        type: Type of a created environment.
        name: The new name.
        variables: Variables to set; `null` deletes.
        branches: The complete set of branch patterns.
        delete: Whether to delete the environment.
    """

    repository: str
    environment: str | None = None
    type: EnvironmentType = "Test"
    name: str | None = None
    admin_only: bool | None = None
    variables: Variables = {}
    branches: list[str] | None = None
    delete: bool = False


def edit(sim: Simulator, document: Json) -> None:
    """Apply an edit at once, without any lag.

    Raises:
        DocumentError: It cannot be understood, or names something that does not exist.
    """
    wanted: EditDocument = validate("body", EditDocument, document)
    try:
        repository = sim.repository(wanted.repository)
    except KeyError:
        message = f"body.repository: there is no repository {wanted.repository!r}"
        raise DocumentError(message) from None
    if wanted.environment is None:
        set_variables(repository, wanted.variables)
    elif wanted.delete:
        _delete(repository, wanted.environment)
    else:
        _change(_find_or_add(repository, wanted.environment, wanted.type), wanted)


def _delete(repository: Repository, name: str) -> None:
    if name not in repository.names():
        raise DocumentError(f"body.environment: {repository.full_name} has no environment {name!r}")
    repository.delete_environment(repository.environment(name))


def _find_or_add(repository: Repository, name: str, type_: str) -> Environment:
    if name in repository.names():
        return repository.environment(name)
    return repository.add_environment(name, type_)


def _change(environment: Environment, wanted: EditDocument) -> None:
    if wanted.name is not None:
        environment.rename(wanted.name)
    if wanted.admin_only is not None:
        environment.restrict(admin_only=wanted.admin_only)
    set_variables(environment, wanted.variables)
    if wanted.branches is not None:
        for pattern in wanted.branches:
            environment.add_branch(pattern)
        for pattern in [each for each in environment.branches if each not in wanted.branches]:
            environment.remove_branch(pattern)
