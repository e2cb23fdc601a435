"""Whatever the service answers, a call ends in a value or in a problem that can be reported."""

import json
from collections.abc import Callable
from http import HTTPMethod
from typing import Final

import httpx
from hypothesis import given
from hypothesis import strategies as st

from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.error_responses import clean_line, rejected
from pipe.bitbucket.payloads import accepted
from pipe.bitbucket.requests import Answer, IdempotentRequest
from pipe.models.declaration import EnvironmentType, PlainVariable
from pipe.models.errors import ExitCode, PipeError
from pipe.models.existing import VariableOwner
from tests.unit.bitbucket.doubles import SHOP, connect

CALLS: list[Callable[[Bitbucket], object]] = [
    lambda b: b.environments(SHOP),
    lambda b: b.environment(SHOP, "{e}"),
    lambda b: b.create_environment(SHOP, "Test", EnvironmentType.TEST, admin_only=True),
    lambda b: b.change_environment(SHOP, "{e}", name="T"),
    lambda b: b.delete_environment(SHOP, "{e}"),
    lambda b: b.variables(VariableOwner(SHOP, "{e}")),
    lambda b: b.create_variable(VariableOwner(SHOP, "{e}"), PlainVariable("K", "v")),
    lambda b: b.update_variable(VariableOwner(SHOP, "{e}"), "{v}", PlainVariable("K", "v")),
    lambda b: b.delete_variable(VariableOwner(SHOP, "{e}"), "{v}"),
    lambda b: b.branch_restrictions(SHOP, "{e}"),
    lambda b: b.add_branch_restriction(SHOP, "{e}", "main"),
    lambda b: b.remove_branch_restriction(SHOP, "{e}", "{r}"),
    lambda b: b.pipelines_enabled(SHOP),
    lambda b: b.enable_pipelines(SHOP),
    lambda b: b.repositories("acme", None),
]

KEYS = st.sampled_from(
    [
        *("uuid", "name", "key", "value", "slug", "pattern", "secured", "enabled"),
        *("values", "size", "pagelen", "page", "next", "environment_type", "restrictions"),
        *("error", "message", "detail", "data", "fields", "required", "granted", "admin_only"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["{a}", "Test", "\ud800", "\x1b[2J", "x" * 5000])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=6)
    ),
    max_leaves=30,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda depth, piece: piece * depth, st.integers(1, 100_000), st.just(b"[")),
    st.text(alphabet="<>/!-abc&;#x \n'\"=", max_size=200).map(str.encode),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-NearLimit"),
            *("Location", "Set-Cookie", "Content-Type"),
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.integers().map(str)
    | st.sampled_from(["https://[", "A:0", "a=b; domain=.example", "text/html; charset=nonsense"]),
)


@given(
    call=st.sampled_from(CALLS),
    answers=st.lists(
        st.tuples(st.integers(200, 999) | st.just(200), HEADERS, BODIES), min_size=1, max_size=3
    ),
)
def test_no_answer_is_too_strange(
    call: Callable[[Bitbucket], object], answers: list[tuple[int, dict[str, str], bytes]]
) -> None:
    sent = 0

    def service(_: httpx.Request) -> httpx.Response:
        nonlocal sent
        status, headers, body = answers[sent % len(answers)]
        sent += 1
        return httpx.Response(status, headers=headers, content=body)

    line = connect(service)
    began = line.clock.seconds
    code = None
    try:
        shown = repr(call(line.bitbucket))
    except PipeError as error:
        shown, code = repr(error.problem), error.problem.code

    assert code in (None, ExitCode.INCOMPLETE, ExitCode.GAVE_UP)
    assert shown.encode()
    assert line.clock.seconds <= began + 600


REQUEST: Final = IdempotentRequest(method=HTTPMethod.GET, path="/2.0/x", parse=accepted)


@given(body=BODIES, status=st.integers(400, 499))
def test_every_rejection_can_be_printed(body: bytes, status: int) -> None:
    rejection = rejected(REQUEST, Answer(status, {}, body), lambda text: text)

    for line in (rejection.message, rejection.key or "", *rejection.required, *rejection.granted):
        assert len(line) <= 300
        assert line.isprintable()


@given(st.text() | st.sampled_from(["\ud800\udfff", "\x9b31m", "a\u2028b"]))
def test_every_text_becomes_one_printable_line(text: str) -> None:
    line = clean_line(text, lambda shown: shown)

    assert line.isprintable()
    assert line == line.strip()
    assert clean_line(line, lambda shown: shown) == line
