"""Bodies of Bitbucket's answers, decoded into the pipe's values.

Only `uuid` and `name` (or `key`, `pattern`, `slug`) are certain to be there [sure]: anything else
may be missing, and unknown keys are ignored. An object without them makes the whole answer
unparseable: leaving it out would make an incomplete list look complete.
"""

import json
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Final, NoReturn, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

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

_Text = Annotated[str, Meta(min_length=1)]

_ENVIRONMENT_TYPES: Final = {each.casefold(): each for each in EnvironmentType}


class _Name(Struct):
    """The part of `environment_type` that matters; `rank` may differ from it [sure]."""

    name: str


class _Restrictions(Struct):
    admin_only: object = None


class _Environment(Struct):
    uuid: _Text
    name: _Text
    slug: object = None
    environment_type: object = None
    restrictions: object = None


class _Variable(Struct):
    uuid: _Text
    key: _Text
    value: str | None = None
    secured: object = None


class _BranchRestriction(Struct):
    uuid: _Text
    pattern: _Text


class _PipelinesConfig(Struct):
    enabled: object = None


class _Repository(Struct):
    slug: _Text


def read_json(body: bytes) -> Json:
    r"""Return the JSON value in `body`, whatever the content type says.

    Lone surrogates (JSON can write them: `"\ud800"`) are replaced: they could be neither printed
    nor sent.

    Raises:
        UnparseableError: It is not JSON, is nested too deeply, or holds `NaN` or `Infinity`.
    """
    try:
        # The decoder returns JSON's own types only.
        value = cast("Json", json.loads(body.decode("utf-8-sig"), parse_constant=_reject_constant))
        if b"\\ud" in body.lower():
            text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")
            value = json.loads(text.decode("utf-16", "replace"))
    except (ValueError, RecursionError) as error:
        raise UnparseableError("the body is not JSON") from error
    return value


def convert(value: object, kind: type[T]) -> T:
    """Return a JSON value as a struct.

    Raises:
        UnparseableError: A required key is missing, or a value has another type.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        # The library names the key and the types, never a value.
        raise UnparseableError(f"the JSON has an unexpected form: {error}") from error


def parser(read: Callable[[Json], T], **expected: str) -> Callable[[Answer], T]:
    """Return a parser of answers that refuses one about anything else than was requested.

    Args:
        read: Reads the JSON value in the body.
        expected: Texts by attribute of what is read; a `uuid` in any case.

    Raises:
        UnparseableError: The body is not JSON, or an attribute of the parsed value differs.
    """

    def parse(answer: Answer) -> T:
        value = read(read_json(answer.body))
        for name, text in expected.items():
            actual = getattr(value, name)
            if actual != text and (name != "uuid" or actual.casefold() != text.casefold()):
                raise UnparseableError(f"the answer is about something else: another {name}")
        return value

    return parse


def accepted(answer: Answer) -> Done:
    """Parse the answer to a write whose body is not needed.

    Bitbucket answers 202 or 204 with an empty body, or 200 with the object [sure]. A page of HTML
    with status 200 comes from something else (a proxy, a login page): the write did not happen.

    Raises:
        UnparseableError: It is 200 or 201 without JSON.
    """
    if answer.status not in (HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT):
        read_json(answer.body)
    return Done()


def deletion(path: str) -> IdempotentRequest[Done | AlreadyGone]:
    """Return the request that deletes what is at `path`: every DELETE is made here."""
    return IdempotentRequest(method=HTTPMethod.DELETE, path=path, parse=_deleted)


def _deleted(answer: Answer) -> Done | AlreadyGone:
    """Parse the answer to a DELETE; 404 arrives here only after an attempt that may have worked."""
    return AlreadyGone() if answer.status == HTTPStatus.NOT_FOUND else accepted(answer)


def environment(value: Json) -> ExistingEnvironment:
    """Read an environment; its type is the one of `environment_type`, never the rank."""
    body = convert(value, _Environment)
    type_name = _optional(body.environment_type, _Name)
    restrictions = _optional(body.restrictions, _Restrictions) or _Restrictions()
    admin_only = restrictions.admin_only
    return ExistingEnvironment(
        uuid=body.uuid,
        name=body.name,
        type=_ENVIRONMENT_TYPES.get(type_name.name.casefold()) if type_name else None,
        admin_only=admin_only if isinstance(admin_only, bool) else None,
        is_admin_only_unreadable=not isinstance(admin_only, bool | None),
        slug=body.slug if isinstance(body.slug, str) and body.slug else None,
    )


def variable(value: Json) -> ExistingVariable:
    """Read a variable, as listed or as created (the two differ in their other keys)."""
    body = convert(value, _Variable)
    # Where Bitbucket does not say, a value that can be read is not secured.
    secured = body.value is None if body.secured is None else body.secured is True
    return ExistingVariable(
        uuid=body.uuid, key=body.key, value=None if secured else body.value or "", secured=secured
    )


def branch_restriction(value: Json) -> ExistingBranchRestriction:
    """Read a branch restriction."""
    body = convert(value, _BranchRestriction)
    return ExistingBranchRestriction(uuid=body.uuid, pattern=body.pattern)


def pipelines_enabled(value: Json) -> bool:
    """Read whether Pipelines is enabled; anything but `true` means that it is not."""
    return convert(value, _PipelinesConfig).enabled is True


def repository_slug(value: Json) -> str:
    """Read the slug of a repository."""
    return convert(value, _Repository).slug


def _optional(value: object, kind: type[T]) -> T | None:
    """Return what may be missing or of another form as a struct, or `None`."""
    try:
        return convert(value, kind)
    except UnparseableError:
        return None


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
