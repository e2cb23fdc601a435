"""A fleet in which every kind of thing is wrong: see `fleet_story.py`."""

import re
from collections import Counter

from simulator.state.journal import EventKind
from tests.integration import fleet_story
from tests.integration.fleet_story import BROKEN, Story

UNTOUCHED = {"acme/plat-archive", "acme/svc-sandbox", "acme/svc-right", "acme/svc-legacy"}


def _begun() -> Story:
    story = Story()
    story.begin()
    return story


def test_the_log_reads_as_it_was_reviewed() -> None:
    assert fleet_story.text() == fleet_story.GOLDEN.read_text("utf-8")


def test_looking_writes_nothing_and_says_what_is_wrong_and_where() -> None:
    story = _begun()
    checked, planned = story.run(MODE="check"), story.run(MODE="plan")
    assert (checked.writes, planned.writes) == ([], [])
    # No permission goes before all else.
    assert (checked.exit_code, planned.exit_code) == (3, 3)
    assert checked.report["plan_checksum"] == planned.report["plan_checksum"]
    broken = {each["slug"] for each in checked.report["repositories"] if each["error"]}
    assert broken == {"gone", *BROKEN}
    found = re.search(r"^ERROR: Problems in 7 of 14 repositories: (.*)$", checked.log, re.MULTILINE)
    assert found is not None
    assert set(re.split(r",\s+", found[1])) == {
        f"acme/{slug}" for slug in (*broken, "svc-legacy", "svc-twice")
    }


def test_everything_that_can_be_put_right_is_whatever_else_is_broken() -> None:
    story = _begun()
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


def test_a_workspace_and_a_project_are_listed_once_and_only_by_what_is_needed() -> None:
    lists = [
        each
        for each in _begun().run(MODE="check").requests
        if each.path == "/2.0/repositories/acme"
    ]
    assert len(lists) == 2
    assert all("fields=size%2Cpage%2Cpagelen%2Cnext%2Cvalues.slug" in each.query for each in lists)
