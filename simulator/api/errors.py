"""Bodies of errors: the shapes that were seen, and the published one."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from simulator.behaviour.switches import ErrorShape, Switches
from simulator.http import (
    Headers,
    Json,
    Response,
    empty_response,
    html_response,
    json_response,
    text_response,
)
from simulator.state.credentials import RejectionReason

CHANGELOG: Final = "https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770"
VALIDATION: Final = "deploy-service.request.validation-error"
NOT_ALLOWED: Final = "deploy-service.environment.change-not-supported"


@dataclass(eq=False)
class ApiError(Exception):
    """An error answer.

    Attributes:
        status: The HTTP status.
        message: For people.
        shape: Shape of the body.
        key: For programs, in the shapes that have a key.
        detail: More, in the shapes that have a detail.
        arguments: Arguments of the key.
        document: The complete body of an error that has a shape of its own.
        headers: Additional headers.
    """

    status: int
    message: str
    _: KW_ONLY
    shape: ErrorShape = "message"
    key: str = ""
    detail: str | Mapping[str, Json] = ""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    document: Json = None
    headers: Headers = ()


def respond(error: ApiError, switches: Switches) -> Response:
    """Return the answer for an error, in its own shape or in the published one."""
    if error.document is not None:
        return json_response(error.status, error.document, error.headers)
    if switches.error_bodies == "documented":
        return json_response(error.status, _documented(error), error.headers)
    match error.shape:
        case "text":
            return text_response(error.status, error.message)
        case "html":
            return html_response(error.status, error.message)
        case "empty":
            return empty_response(error.status, error.headers)
        case "service" | "message" | "data" | "detail" | "fields":
            return json_response(error.status, _document(error), error.headers)


def _document(error: ApiError) -> Json:
    data: Json = {"key": error.key, "arguments": error.arguments}
    match error.shape:
        case "service":
            return {"key": error.key, "message": error.message, "arguments": error.arguments}
        case "data":
            return {"error": {**_with_detail(error), "data": data}}
        case "detail":
            detail = error.detail or {"reason": error.message}
            return {"type": "error", "error": {"message": error.message, "detail": detail}}
        case "fields":
            fields = {"name": [error.message]}
            return {"type": "error", "error": {"message": "Bad request", "fields": fields}}
        case _:
            return {"type": "error", "error": _with_detail(error)}


def _with_detail(error: ApiError) -> dict[str, Json]:
    if error.detail:
        return {"message": error.message, "detail": error.detail}
    return {"message": error.message}


def _documented(error: ApiError) -> Json:
    inner: dict[str, Json] = {"message": error.message}
    if isinstance(error.detail, str) and error.detail:
        inner["detail"] = error.detail
    if isinstance(error.detail, Mapping):
        inner["data"] = error.detail
    elif error.key:
        inner["data"] = {"key": error.key, **error.arguments}
    return {"type": "error", "error": inner}


def not_found(message: str) -> ApiError:
    """Return a 404: it does not exist, or this caller cannot see it."""
    return ApiError(404, message)


class Service(StrEnum):
    """Kinds of things in the services behind Pipelines; the value is the prefix of error keys."""

    ENVIRONMENT = "deploy-service.environment"
    VARIABLE = "variable-service.variable"
    BRANCH = "deploy-service.branch-restriction"
    REPORT = "code-insights.report"
    CONFIG = "pipelines-service.config"


def moved(status: int, address: str) -> ApiError:
    """Return a redirect to the new address of a renamed repository."""
    return ApiError(status, "Moved", shape="empty", headers=(("Location", address),))


def removed() -> ApiError:
    """Return the 410 of calls that Bitbucket has removed."""
    message = "CHANGE-2770 - Functionality has been deprecated"
    data: Json = {"announcement_url": CHANGELOG}
    detail = "Please read the changelog entry for more details."
    inner: Json = {"message": message, "detail": detail, "data": data}
    document: Json = {"type": "error", "error": inner, "data": data}
    return ApiError(HTTPStatus.GONE, message, document=document)


def no_such_api() -> ApiError:
    """Return a 404: no call has this path."""
    return ApiError(404, "Resource not found", detail="There is no API hosted at this URL.")


def missing(service: Service) -> ApiError:
    """Return a 404 as the services behind Pipelines send it."""
    return ApiError(
        404,
        "Not found",
        shape="data",
        key=f"{service}.not-found",
        detail=f"The {service.name.lower()} could not be found.",
    )


def invalid(message: str) -> ApiError:
    """Return a 400: the body is not what the deployment service expects."""
    return ApiError(400, message, shape="service", key=VALIDATION)


def change_not_allowed() -> ApiError:
    """Return a 400: the deployment service does not support this change."""
    return ApiError(400, "The requested change is not allowed.", shape="service", key=NOT_ALLOWED)


def rejected(reason: RejectionReason) -> ApiError:
    """Return the error of a failed authentication."""
    return ApiError(403 if reason is RejectionReason.MECHANISM else 401, reason)


def lacks_scope(required: str, granted: frozenset[str]) -> ApiError:
    """Return a 403: the caller lacks a scope."""
    return ApiError(
        403,
        "Your credentials lack one or more required privilege scopes.",
        shape="detail",
        detail={"required": [required], "granted": sorted(granted)},
    )
