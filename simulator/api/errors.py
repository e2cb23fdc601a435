"""The bodies in which errors are told: the shapes that were seen, and the published one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from simulator.behaviour.choices import ErrorBodies, ErrorShape
from simulator.http import (
    HTML,
    Headers,
    Json,
    Response,
    empty_response,
    json_response,
    text_response,
)
from simulator.state.credentials import RejectionReason

VALIDATION: Final = "deploy-service.request.validation-error"
NOT_ALLOWED: Final = "deploy-service.environment.change-not-supported"


class ApiError(Exception):
    """An error that is answered.

    Attributes:
        status: The HTTP status.
        message: For people.
        shape: In which of the shapes that were seen.
        key: For programs, in the shapes that have one.
        detail: More, in the shapes that have it.
        arguments: More for programs, in the shapes that have it.
        headers: Beyond the usual ones.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        shape: ErrorShape = ErrorShape.MESSAGE,
        key: str = "",
        detail: str | Mapping[str, Json] = "",
        arguments: Mapping[str, Json] | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.shape = shape
        self.key = key
        self.detail = detail
        self.arguments = arguments or {}
        self.headers = headers


def respond(error: ApiError, bodies: ErrorBodies) -> Response:
    """Write an error down in its shape, or in the published one."""
    if bodies is ErrorBodies.DOCUMENTED:
        return json_response(error.status, _documented(error), error.headers)
    match error.shape:
        case ErrorShape.SERVICE:
            document: Json = {
                "key": error.key,
                "message": error.message,
                "arguments": error.arguments,
            }
        case ErrorShape.MESSAGE:
            document = {"type": "error", "error": _with_detail(error)}
        case ErrorShape.DATA:
            data: Json = {"key": error.key, "arguments": error.arguments}
            document = {"error": {**_with_detail(error), "data": data}}
        case ErrorShape.DETAIL:
            detail: Json = error.detail or {"reason": error.message}
            document = {"type": "error", "error": {"message": error.message, "detail": detail}}
        case ErrorShape.FIELDS:
            fields: Json = {"name": [error.message]}
            document = {"type": "error", "error": {"message": "Bad request", "fields": fields}}
        case ErrorShape.TEXT:
            return text_response(error.status, error.message)
        case ErrorShape.HTML:
            return text_response(error.status, html_page(error.status, error.message), HTML)
        case ErrorShape.EMPTY:
            return empty_response(error.status)
        case _:
            assert_never(error.shape)
    return json_response(error.status, document, error.headers)


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


def html_page(status: int, title: str) -> str:
    """Return a page as a gateway writes it."""
    return f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"


def not_found(message: str) -> ApiError:
    """Nothing is there, or nothing that this caller may see."""
    return ApiError(404, message)


class Service(StrEnum):
    """What the services behind Pipelines keep; the value begins the keys of their errors."""

    ENVIRONMENT = "deploy-service.environment"
    VARIABLE = "variable-service.variable"
    BRANCH = "deploy-service.branch-restriction"
    REPORT = "code-insights.report"
    CONFIG = "pipelines-service.config"


def no_such_api() -> ApiError:
    """Nothing is served at this path."""
    return ApiError(404, "Resource not found", detail="There is no API hosted at this URL.")


def missing(service: Service) -> ApiError:
    """One of the services behind Pipelines does not know this thing."""
    return ApiError(
        404,
        "Not found",
        shape=ErrorShape.DATA,
        key=f"{service}.not-found",
        detail=f"The {service.name.lower()} could not be found.",
    )


def invalid(message: str) -> ApiError:
    """The body is not what the deployment service wants."""
    return ApiError(400, message, shape=ErrorShape.SERVICE, key=VALIDATION)


def change_not_allowed() -> ApiError:
    """The deployment service does not allow this change."""
    message = "The requested change is not allowed."
    return ApiError(400, message, shape=ErrorShape.SERVICE, key=NOT_ALLOWED)


def rejected(reason: RejectionReason) -> ApiError:
    """The caller is not let in."""
    return ApiError(403 if reason.name == "MECHANISM" else 401, reason)


def lacks_scope(required: str, granted: frozenset[str]) -> ApiError:
    """The caller was not granted what this call needs."""
    return ApiError(
        403,
        "Your credentials lack one or more required privilege scopes.",
        shape=ErrorShape.DETAIL,
        detail={"required": [required], "granted": sorted(granted)},
    )
