"""A fleet in which every kind of thing is wrong: see `fleet_story.py`."""

from collections import Counter

from simulator.state.journal import EventKind
from tests.integration import fleet_story
from tests.integration.fleet_story import Story

UNTOUCHED = {"acme/plat-archive", "acme/svc-sandbox", "acme/svc-right", "acme/svc-legacy"}


def test_the_log_reads_as_it_was_reviewed() -> None:
    assert fleet_story.text() == fleet_story.GOLDEN.read_text("utf-8")


def test_everything_that_can_be_put_right_is_whatever_else_is_broken() -> None:
    story = Story()
    story.begin()
    applied = story.run()
    assert applied.exit_code == 3
    assert {each.repository for each in applied.events} & UNTOUCHED == set()
    actions = Counter(
        (one["action"], one["outcome"])
        for each in applied.report["repositories"]
        for one in each["environments"]
    )
    assert actions == {
        ("none", "unchanged"): 8,
        ("create", "applied"): 2,
        ("update", "applied"): 7,
        ("delete", "applied"): 1,
        ("refuse", "refused"): 2,
    }
    assert applied.count(EventKind.ENVIRONMENT_DELETED) == 1
    again = story.run()
    assert again.writes == []
    assert again.exit_code == 3
