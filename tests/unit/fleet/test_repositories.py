import pytest

from pipe.fleet.repositories import resolve, share
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError
from pipe.models.selection import Exclusion, Glob, Project, Selection, SelectionItem
from tests.support.world import World


def _world() -> World:
    world = World()
    for slug, project in (
        ("svc-b", "PLAT"),
        ("svc-a", "PLAT"),
        ("svc-old", "PLAT"),
        ("web", "WEB"),
    ):
        world.simulator.add_repository("acme", slug, project=project)
    world.simulator.add_repository("other", "svc-a")
    return world


def _resolved(world: World, *items: SelectionItem) -> list[str]:
    return [str(each) for each in resolve(world.service().api, Selection(items=items))]


def test_repositories_that_are_named_need_no_list() -> None:
    world = _world()
    named = _resolved(
        world, Repository("acme", "web"), Repository("other", "x"), Repository("acme", "web")
    )
    assert named == ["acme/web", "other/x"]
    assert world.simulator.requests == []


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([Glob("acme", "svc-*")], ["svc-a", "svc-b", "svc-old"]),
        ([Glob("acme", "*"), Exclusion(Glob("acme", "svc-*"))], ["shop", "web"]),
        ([Exclusion(Repository("acme", "svc-a")), Glob("acme", "svc-?")], ["svc-b"]),
        ([Project("acme", "PLAT")], ["svc-a", "svc-b", "svc-old"]),
        ([Project("acme", "PLAT", (Glob("acme", "*-old"),))], ["svc-a", "svc-b"]),
        ([Glob("acme", "*"), Exclusion(Project("acme", "PLAT"))], ["shop", "web"]),
        ([Repository("acme", "web"), Exclusion(Repository("other", "web"))], ["web"]),
        ([Repository("acme", "web"), Exclusion(Glob("other", "*"))], ["web"]),
        ([Glob("acme", "WEB"), Repository("acme", "zzz")], ["web", "zzz"]),
    ],
)
def test_patterns_projects_and_exclusions(items: list[SelectionItem], found: list[str]) -> None:
    assert _resolved(_world(), *items) == [f"acme/{slug}" for slug in found]


def test_each_list_is_asked_for_once() -> None:
    world = _world()
    items = (
        Glob("acme", "svc-*"),
        Glob("acme", "w*"),
        Project("acme", "PLAT"),
        Exclusion(Project("acme", "PLAT")),
    )
    assert _resolved(world, *items) == ["acme/web"]
    assert len(world.simulator.requests) == 2
    assert all("fields=" in each.query for each in world.simulator.requests)


def test_a_selection_that_matches_nothing_is_an_error() -> None:
    for items in (
        [Glob("acme", "nothing-*")],
        [Repository("acme", "web"), Exclusion(Repository("acme", "web"))],
    ):
        with pytest.raises(PipeError) as raised:
            _resolved(_world(), *items)
        assert raised.value.problem.key == "nothing-selected"


def test_a_workspace_that_can_not_be_listed_is_an_error() -> None:
    with pytest.raises(PipeError) as raised:
        _resolved(_world(), Glob("nowhere", "*"))
    assert (raised.value.problem.key, raised.value.problem.code) == ("not-found", 3)


ALL = tuple(Repository("acme", f"r{number}") for number in range(7))


def test_parallel_steps_share_all_repositories_and_none_twice() -> None:
    for count in range(1, 10):
        shares = [share(ALL, parallel=(step, count), start_at=None) for step in range(count)]
        assert sorted(each for one in shares for each in one) == list(ALL)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert share(ALL, parallel=None, start_at=None) == ALL


def test_start_at_skips_repositories_and_keeps_the_shares_of_steps() -> None:
    assert share(ALL, parallel=None, start_at=ALL[4]) == ALL[4:]
    assert share(ALL, parallel=(0, 2), start_at=ALL[3]) == (ALL[4], ALL[6])
    assert share(ALL, parallel=None, start_at=Repository("acme", "r31")) == ALL[4:]
    with pytest.raises(PipeError) as raised:
        share(ALL, parallel=None, start_at=Repository("acme", "zzz"))
    assert (raised.value.problem.key, raised.value.problem.code) == ("nothing-from-start", 5)
