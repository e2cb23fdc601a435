"""Comments of a pull request."""

from collections.abc import Mapping

from simulator.api.call import Call
from simulator.api.errors import ApiError, not_found
from simulator.api.pagination import whole_number
from simulator.api.payloads import date
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.journal import EventKind


def list_comments(call: Call) -> Response:
    """200 with a page."""
    _, comments = _pull_request(call)
    found = list(comments.values())
    return call.page(found, lambda item: item)


def create_comment(call: Call) -> Response:
    """201 with the comment and its `Location`."""
    number, comments = _pull_request(call)
    raw = _raw(call)
    id_ = call.repository.next_comment
    call.repository.next_comment += 1
    moment = date(call.now)
    comments[id_] = {
        "type": "pullrequest_comment",
        "id": id_,
        "content": _content(raw),
        "created_on": moment,
        "updated_on": moment,
        "deleted": False,
        "user": {"type": "user", "display_name": call.caller.name},
        "pullrequest": {"type": "pullrequest", "id": number},
    }
    call.repository.record(EventKind.COMMENT_CREATED, str(id_), pull_request=number, raw=raw)
    return json_response(201, comments[id_], (("Location", f"{call.address}/{id_}"),))


def read_comment(call: Call) -> Response:
    """200 with the comment."""
    _, comments = _pull_request(call)
    return json_response(200, comments[_comment(call, comments)])


def update_comment(call: Call) -> Response:
    """200 with the comment."""
    number, comments = _pull_request(call)
    id_ = _comment(call, comments)
    raw = _raw(call)
    comments[id_] |= {"content": _content(raw), "updated_on": date(call.now)}
    call.repository.record(EventKind.COMMENT_UPDATED, str(id_), pull_request=number, raw=raw)
    return json_response(200, comments[id_])


def delete_comment(call: Call) -> Response:
    """204; it is no longer listed."""
    number, comments = _pull_request(call)
    id_ = _comment(call, comments)
    del comments[id_]
    call.repository.record(EventKind.COMMENT_DELETED, str(id_), pull_request=number)
    return empty_response(204)


def _pull_request(call: Call) -> tuple[int, dict[int, dict[str, Json]]]:
    text = call.arguments["pull_request"]
    number = whole_number(text)
    if number not in call.repository.comments:
        raise not_found(f"Pull request {text} not found")
    return number, call.repository.comments[number]


def _comment(call: Call, comments: Mapping[int, Mapping[str, Json]]) -> int:
    text = call.arguments["comment"]
    number = whole_number(text)
    if number not in comments:
        raise not_found(f"Comment {text} not found")
    return number


def _raw(call: Call) -> str:
    content = call.object().get("content")
    raw = content.get("raw") if isinstance(content, Mapping) else None
    if not isinstance(raw, str) or not raw.strip():
        raise ApiError(400, "content.raw is missing.")
    return raw


def _content(raw: str) -> Json:
    return {"type": "rendered", "raw": raw, "markup": "markdown", "html": ""}
