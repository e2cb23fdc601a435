"""Compare the report of a run with what happened in the simulator."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from pipe.models.declaration import FINGERPRINTS_KEY
from simulator.http import Cut
from simulator.state.journal import Event, EventKind, RequestRecord
from tests.faults.scenarios import CANARIES
from tests.support.world import Ran

_ENDINGS: Final = frozenset({0, 3, 5, 6, 7})
_FIELDS: Final = {
    "type": {EventKind.ENVIRONMENT_CREATED},
    "name": {EventKind.ENVIRONMENT_RENAMED},
    "admin_only": {
        EventKind.ENVIRONMENT_RESTRICTED,
        EventKind.ENVIRONMENT_LOOSENED,
        EventKind.ENVIRONMENT_CREATED,
    },
    "branches": {EventKind.BRANCH_ADDED, EventKind.BRANCH_REMOVED},
}
_VARIABLES: Final = {
    EventKind.VARIABLE_CREATED,
    EventKind.VARIABLE_UPDATED,
    EventKind.VARIABLE_DELETED,
}
_PASSING: Final = 429


def false_statements(ran: Ran, *, deceived: bool = False) -> Iterator[str]:
    """Yield everything that the report states and that did not happen.

    "Applied" is said only of what happened; "skipped" and "unchanged" only of what did not. Of what
    "failed" or is "unverified" either may be true: the answer was lost, and the run says so.

    Args:
        ran: The run.
        deceived: Whether it read a false list; if answers were lost too, a change that took effect
            looks like one that was there before.
    """
    ran = replace(ran, events=[each for each in ran.events if not _is_default(each, ran)])
    if ran.exit_code not in _ENDINGS:
        yield f"P12: exit code {ran.exit_code}"
    if "Traceback" in ran.log:
        yield "P12: a traceback"
    text = ran.log + ran.out + str(ran.report)
    yield from (f"P9: {each!r} is in the output" for each in CANARIES if each in text)
    sent = [each for each in ran.api_requests if each.dropped is not Cut.REFUSED]
    reported = ran.report["requests"]
    if reported["total"] != len(sent):
        yield f"P13: reported {reported['total']} requests, sent {len(sent)}"
    for repository in ran.report["repositories"]:
        own = [each for each in ran.events if each.details.get("environment") is None]
        yield from _changes(repository["changes"], own, deceived=deceived)
        for environment in repository["environments"]:
            yield from _about(environment, ran.events, deceived=deceived)
    if not deceived:
        yield from _summary(ran)
    yield from _repetitions(ran.api_requests)


def _is_default(event: Event, ran: Ran) -> bool:
    """Return whether Bitbucket did this by itself when Pipelines was enabled."""
    causes = {each.index for each in ran.requests if each.path.endswith("/pipelines_config")}
    return event.request in causes


def _about(
    environment: Any,
    events: Sequence[Event],
    *,
    deceived: bool,
) -> Iterator[str]:
    uuid = environment["uuid"]
    mine = [each for each in events if uuid and each.details["environment"] == uuid]
    if environment["outcome"] == "unchanged" and mine:
        yield f"P13: {environment['name']} is reported unchanged, but {mine}"
    yield from _changes(environment["changes"], mine, deceived=deceived)


def _changes(
    changes: Any,
    mine: Sequence[Event],
    *,
    deceived: bool,
) -> Iterator[str]:
    for change in changes:
        found = [each for each in mine if _is_about(change["field"], each)]
        lost = [each for each in mine if _is_lost(change["field"], each)]
        if change["outcome"] == "applied" and not found + lost and not deceived:
            yield f"P13: {change['field']} is reported applied, but never was"
        if change["outcome"] in ("skipped", "unchanged", "refused") and found + lost:
            yield f"P13: {change['field']} is reported {change['outcome']}, but {found + lost}"


def _is_about(field: str, event: Event) -> bool:
    if field.startswith("variables."):
        return event.kind in _VARIABLES and event.details["key"] == field.removeprefix("variables.")
    return event.kind in _FIELDS[field]


def _is_lost(field: str, event: Event) -> bool:
    """Return whether the variable was lost with its environment."""
    return field.removeprefix("variables.") in _lost_keys(event)


def _lost_keys(event: Event) -> set[str]:
    """Return the keys of the variables that were lost with an environment."""
    lost = event.details.get("variables")
    return {str(each) for each in lost} if isinstance(lost, list) else set()


def _summary(ran: Ran) -> Iterator[str]:
    reported = ran.report["summary"]
    created = ran.count(EventKind.ENVIRONMENT_CREATED)
    deleted = ran.count(EventKind.ENVIRONMENT_DELETED)
    if (
        reported["environments"]["created"] > created
        or reported["environments"]["deleted"] > deleted
    ):
        yield f"P13: {reported['environments']}, happened: {created} created, {deleted} deleted"
    if ran.exit_code != 0:
        return
    if (reported["environments"]["created"], reported["environments"]["deleted"]) != (
        created,
        deleted,
    ):
        yield f"P13: {reported['environments']}, happened: {created} created, {deleted} deleted"
    keys = {
        (each.details["environment"], each.details["key"])
        for each in ran.events
        if each.kind in _VARIABLES and each.details["key"] != FINGERPRINTS_KEY
    }
    keys |= {
        (each.details["environment"], key)
        for each in ran.events
        for key in _lost_keys(each)
        if key != FINGERPRINTS_KEY
    }
    written = sum(reported["variables"][name] for name in ("created", "updated", "deleted"))
    if written != len(keys):
        yield f"P13: reported {reported['variables']}, happened: {keys}"
    if ran.report["outcome"] == "unchanged" and ran.events:
        yield f"P13: reported unchanged, but {ran.events}"


def _repetitions(requests: Sequence[RequestRecord]) -> Iterator[str]:
    """Find POSTs that were sent again, though they may have taken effect, without a look."""
    open_: set[tuple[str, bytes]] = set()
    for each in requests:
        if each.method == "GET":
            open_.clear()
        elif each.method == "POST":
            key = (each.path, each.body)
            if key in open_:
                yield f"P5: {each.path} was blindly repeated"
            if each.status != _PASSING and each.dropped is not Cut.REFUSED:
                open_.add(key)
