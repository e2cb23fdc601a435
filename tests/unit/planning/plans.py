"""Plans of the repository `acme/shop`."""

from pipe.models.changes import (
    EnvironmentPlan,
    RepositoryPlan,
)
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
)
from pipe.models.existing import ExistingContents, ExistingEnvironment
from pipe.planning.planner import Observed, Planner
from tests.support.values import (
    ALWAYS,
    SHOP,
)


def plan_for(
    declaration: Declaration | tuple[DeclaredEnvironment, ...],
    *environments: ExistingEnvironment,
    contents: dict[str, ExistingContents] | None = None,
    pipelines: bool | None = None,
) -> RepositoryPlan:
    """Plan for environments that exist, and what they hold, by their uuids."""
    if isinstance(declaration, tuple):
        declaration = Declaration(environments=declaration)
    observed = Observed(
        environments=environments, contents=contents or {}, pipelines_enabled=pipelines
    )
    return Planner(SHOP, ALWAYS).plan(declaration, observed)


def plan_one(
    wanted: DeclaredEnvironment,
    *environments: ExistingEnvironment,
    contents: ExistingContents | None = None,
) -> EnvironmentPlan:
    """Plan one declared environment."""
    held = {each.uuid: contents for each in environments if contents is not None}
    (only,) = plan_for((wanted,), *environments, contents=held).environments
    return only
