"""Two runs of which one does everything between two requests of the other.

Between the last two requests of the other it is not noticed: docs/reliability.md says so.
"""

import pytest

from pipe.apply.repository import apply_one, plan_one
from pipe.models.declaration import Declaration, DeclaredEnvironment, SecuredUpdate
from pipe.models.results import RepositoryResult
from pipe.planning.variables import SecretsPolicy
from tests.support.values import ALWAYS, KEY, SHOP, desired, secret
from tests.support.world import World

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover

ON_CHANGE = SecretsPolicy(SecuredUpdate.ON_CHANGE, KEY)


def _run(world: World, value: str, policy: SecretsPolicy = ON_CHANGE) -> RepositoryResult:
    wanted = DeclaredEnvironment(name="Live", desired=desired(secret("A", value)))
    declaration = Declaration(environments=(wanted,))
    context = world.service(secrets=policy)
    plan = plan_one(context, SHOP, declaration)
    assert not isinstance(plan, RepositoryResult)
    return apply_one(context, plan, declaration)


def _stored(world: World) -> str:
    return world.shop.environment("Live").variables["A"].value


@pytest.mark.promise("P16", "P22")
@pytest.mark.parametrize("after", [1, 2, 3, 4])
@pytest.mark.parametrize(
    # Without a key, the other run can't mark fingerprints that do not exist.
    ("known", "policy"),
    [(False, ON_CHANGE), (True, ON_CHANGE), (True, ALWAYS)],
)
@pytest.mark.parametrize("again", ["ours", "theirs"])
def test_no_fingerprint_is_left_of_a_value_that_is_not_stored(
    after: int, policy: SecretsPolicy, again: str, *, known: bool
) -> None:
    """Declaring either value again stores it, whichever run wrote last."""
    world = World()
    world.shop.add_environment("Live", "Test")
    if known:
        _run(world, "before")
    world.after(after, lambda: _run(world, "theirs", policy))
    assert not _run(world, "ours").problems
    assert not _run(world, again).problems
    assert _stored(world) == again
