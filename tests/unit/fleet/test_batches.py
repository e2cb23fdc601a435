from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipe.fleet.batches import reads_needed, split_into_batches
from pipe.models.declaration import Declaration, Desired, Repository, Rule
from tests.support.values import declared, plain

REPOSITORIES = tuple(Repository("acme", f"svc-{number:02}") for number in range(40))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(1, 200))
def test_parts_are_the_whole_in_order_and_small_enough(costs: list[int], limit: int) -> None:
    repositories = REPOSITORIES[: len(costs)]
    cost = dict(zip(repositories, costs, strict=True))
    parts = split_into_batches(repositories, cost.__getitem__, limit)
    assert tuple(each for part in parts for each in part) == repositories
    assert all(parts)
    if sum(costs) * 2 <= limit:
        assert len(parts) == 1
    else:
        sums = [sum(cost[each] for each in part) for part in parts]
        assert all(
            spent * 4 <= limit or len(part) == 1 for spent, part in zip(sums, parts, strict=True)
        )
        # No part could have taken in the beginning of the next.
        following = [cost[part[0]] for part in parts[1:]]
        assert all((spent + more) * 4 > limit for spent, more in zip(sums, following, strict=False))


def test_what_is_declared_costs_reads() -> None:
    with_variables = declared("Live", wants=Desired(variables=(plain("A"),), branches=()))
    declaration = Declaration(
        environments=(with_variables, declared("Test")),
        rules=(Rule(desired=Desired(branches=("main",))),),
        enable_pipelines=True,
    )
    assert reads_needed(declaration) == 1 + 2 + 1 + 1
    assert reads_needed(Declaration()) == 1
