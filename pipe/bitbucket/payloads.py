"""What Bitbucket writes, read into our values.

Only `uuid` and `name` (or `key`, `pattern`, `slug`) are sure to be there: everything else may be
missing, and keys that nobody knows are passed over. An object without what is sure makes its whole
answer senseless: leaving it out silently would make a list look complete that is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPMethod
from typing import Final, NoReturn, TypeVar, cast

from pipe.bitbucket.requests import (
    AlreadyGone,
    Answer,
    Done,
    IdempotentRequest,
    Json,
    UnparseableError,
)
from pipe.models.declaration import EnvironmentType
from pipe.models.existing import ExistingBranchRestriction, ExistingEnvironment, ExistingVariable

T = TypeVar("T")

_ACCEPTED: Final = (202, 204)
_NOT_FOUND: Final = 404


def read_json(body: bytes) -> Json:
    """Return the JSON value in `body`, whatever the content type claims.

    Raises:
        GarbledError: It is not JSON, or not JSON that a sane service would send.
    """
    try:
        text = body.decode("utf-8-sig")
        # The decoder gives nothing but JSON's own types.
        return cast("Json", json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        message = "an answer that is not JSON"
        raise UnparseableError(message) from error


def whole(parse: Callable[[Json], T]) -> Callable[[Answer], T]:
    """Return a parser of answers from a parser of the JSON value in them."""
    return lambda answer: parse(read_json(answer.body))


def nothing(answer: Answer) -> Done:
    """Read the answer to an order: there is nothing in it that we need.

    Bitbucket answers 202 or 204 with an empty body, or 200 with the object. A page of HTML with
    status 200 is somebody else's answer (a proxy's, a login page): the order was not taken.
    """
    if answer.status not in _ACCEPTED:
        read_json(answer.body)
    return Done()


def deletion(path: str) -> IdempotentRequest[Done | AlreadyGone]:
    """Return the request that deletes what is at `path`: every DELETE is made here."""
    return IdempotentRequest(method=HTTPMethod.DELETE, path=path, parse=_deleted)


def _deleted(answer: Answer) -> Done | AlreadyGone:
    """Read the answer to a DELETE; a 404 comes here only after an attempt that may have worked."""
    return AlreadyGone() if answer.status == _NOT_FOUND else nothing(answer)


def environment(value: Json) -> ExistingEnvironment:
    """Read an environment; its type is that of `environment_type`, never the rank."""
    fields = _object(value, "an environment")
    return ExistingEnvironment(
        uuid=_identity(fields, "uuid"),
        name=_identity(fields, "name"),
        type=_environment_type(fields.get("environment_type")),
        admin_only=_admin_only(fields.get("restrictions")),
        slug=_text(fields.get("slug")),
    )


def variable(value: Json) -> ExistingVariable:
    """Read a variable, as listed or as created (which are written differently)."""
    fields = _object(value, "a variable")
    stored = fields.get("value")
    if not isinstance(stored, str | None):
        raise UnparseableError(_unexpected("the value of a variable"))
    # Where Bitbucket does not say, a value that can be read is not hidden.
    secured = fields.get("secured", stored is None) is True
    return ExistingVariable(
        uuid=_identity(fields, "uuid"),
        key=_identity(fields, "key"),
        value=None if secured else well_formed(stored or ""),
        secured=secured,
    )


def branch_restriction(value: Json) -> ExistingBranchRestriction:
    """Read a branch restriction."""
    fields = _object(value, "a branch restriction")
    return ExistingBranchRestriction(
        uuid=_identity(fields, "uuid"), pattern=_identity(fields, "pattern")
    )


def pipelines_enabled(value: Json) -> bool:
    """Read whether Pipelines is on; what is not said to be on is off."""
    return _object(value, "the configuration of Pipelines").get("enabled") is True


def repository_slug(value: Json) -> str:
    """Read the slug of a repository."""
    return _identity(_object(value, "a repository"), "slug")


def well_formed(text: str) -> str:
    r"""Return `text` with lone surrogates (JSON can write them: `"\ud800"`) replaced.

    They could be neither printed nor sent.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object(value: Json, what: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise UnparseableError(_unexpected(what))
    return value


def _identity(fields: dict[str, Json], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise UnparseableError(_unexpected(f"`{key}`"))
    return well_formed(value)


def _text(value: Json) -> str | None:
    return well_formed(value) if isinstance(value, str) and value else None


def _environment_type(value: Json) -> EnvironmentType | None:
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str):
        return None
    known = {kind.casefold(): kind for kind in EnvironmentType}
    return known.get(name.casefold())


def _admin_only(value: Json) -> bool | None:
    admin_only = value.get("admin_only") if isinstance(value, dict) else None
    return admin_only if isinstance(admin_only, bool) else None


def _unexpected(what: str) -> str:
    return f"JSON in which {what} is not what it should be"


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)
