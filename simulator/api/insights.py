"""Code Insights: reports on a commit, and their annotations."""

import re
from collections.abc import Mapping
from typing import Final

from simulator.api.call import Call
from simulator.api.errors import ApiError, Service, missing, not_found
from simulator.api.payloads import date
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.journal import EventKind

MAX_DATA: Final = 10
MAX_ANNOTATIONS: Final = 100
_REPORT_TYPES: Final = ("SECURITY", "COVERAGE", "TEST", "BUG")
_RESULTS: Final = ("PASSED", "FAILED", "PENDING")
_ANNOTATION_TYPES: Final = ("VULNERABILITY", "CODE_SMELL", "BUG")
_ANNOTATION_RESULTS: Final = ("PASSED", "FAILED", "SKIPPED", "IGNORED")
_SEVERITIES: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW")


def read_report(call: Call) -> Response:
    """200 with the report."""
    return json_response(200, _report(call))


def write_report(call: Call) -> Response:
    """200 with the report, whether it was there or not."""
    key = _report_key(call)
    body = call.object()
    call.check_type(body, "report")
    for name in ("title", "details"):
        if not _is_text(body.get(name)):
            raise _malformed(name)
    _check_choice(body, "report_type", _REPORT_TYPES, needed=True)
    _check_choice(body, "result", _RESULTS, needed=False)
    data = body.get("data", [])
    if not isinstance(data, list) or len(data) > MAX_DATA:
        raise _malformed("data")
    present = call.repository.reports.get(key)
    report: dict[str, Json] = {
        **body,
        "type": "report",
        "uuid": present["uuid"] if present else call.repository.context.new_uuid(),
        "external_id": body.get("external_id", key[1]),
        "created_on": present["created_on"] if present else date(call.now),
        "updated_on": date(call.now),
    }
    call.repository.reports[key] = report
    call.repository.record(EventKind.REPORT_WRITTEN, key[1], commit=key[0])
    return json_response(200, report)


def delete_report(call: Call) -> Response:
    """204; its annotations go with it."""
    _report(call)
    key = _report_key(call)
    del call.repository.reports[key]
    call.repository.annotations.pop(key, None)
    call.repository.record(EventKind.REPORT_DELETED, key[1], commit=key[0])
    return empty_response(204)


def list_annotations(call: Call) -> Response:
    """200 with a page."""
    _report(call)
    found = list(call.repository.annotations.get(_report_key(call), {}).values())
    return call.page(found, lambda item: item)


def write_annotations(call: Call) -> Response:
    """200 with the annotations; those with a known external id are replaced."""
    _report(call)
    body = call.json()
    if not isinstance(body, list) or not 1 <= len(body) <= MAX_ANNOTATIONS:
        raise ApiError(400, f"Give from 1 to {MAX_ANNOTATIONS} annotations.")
    key = _report_key(call)
    annotations = [_annotation(call, item) for item in body]
    kept = call.repository.annotations.setdefault(key, {})
    kept.update({str(each["external_id"]): each for each in annotations})
    call.repository.record(
        EventKind.ANNOTATIONS_WRITTEN, key[1], commit=key[0], count=len(annotations)
    )
    return json_response(200, annotations)


def _annotation(call: Call, item: Json) -> dict[str, Json]:
    if not isinstance(item, Mapping):
        raise _malformed("annotation")
    for name in ("external_id", "summary"):
        if not _is_text(item.get(name)):
            raise _malformed(name)
    _check_choice(item, "annotation_type", _ANNOTATION_TYPES, needed=True)
    _check_choice(item, "result", _ANNOTATION_RESULTS, needed=False)
    _check_choice(item, "severity", _SEVERITIES, needed=False)
    line = item.get("line", 1)
    if not isinstance(line, int) or line < 1:
        raise _malformed("line")
    moment = date(call.now)
    return {
        **item,
        "type": "report_annotation",
        "uuid": call.repository.context.new_uuid(),
        "created_on": moment,
        "updated_on": moment,
    }


def _report_key(call: Call) -> tuple[str, str]:
    commit = call.arguments["commit"]
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise not_found(f"Commit {commit!r} not found")
    return commit, call.arguments["report"]


def _report(call: Call) -> Mapping[str, Json]:
    found = call.repository.reports.get(_report_key(call))
    if found is None:
        raise missing(Service.REPORT)
    return found


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _check_choice(
    body: Mapping[str, Json], name: str, choices: tuple[str, ...], *, needed: bool
) -> None:
    if (needed or name in body) and body.get(name) not in choices:
        raise _malformed(name)


def _malformed(name: str) -> ApiError:
    return ApiError(400, f"The provided object is malformed or incomplete: {name}.")
