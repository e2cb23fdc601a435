from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import pytest
from msgspec.structs import replace

from pipe.bitbucket.requests import Answer
from pipe.bitbucket.retry import (
    Accept,
    AttemptOutcome,
    AttemptState,
    CheckState,
    Decision,
    Failed,
    Failure,
    GiveUp,
    Limit,
    NoResponse,
    NotSent,
    Reject,
    Retry,
    Understood,
    Unparseable,
    allowed_retries,
    asked_to_wait,
    backoff,
    decide,
    may_have_worked,
)

NOW: Final = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


STATE: Final = AttemptState(
    idempotent=True,
    attempt=1,
    max_attempts=5,
    remaining=600,
    budget_left=True,
    renewable=False,
    now=NOW,
    random=1.0,
)


def decided(outcome: AttemptOutcome[str], **different: Any) -> Decision[str]:
    """Decide in the usual state, with one thing different."""
    return decide(outcome, replace(STATE, **different))


PASSING: Final[list[Failure]] = [
    *(Failed(answer(status)) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    NotSent("refused"),
    NoResponse("reset"),
    Unparseable("half a body", 200),
]


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_parsed_response_is_accepted(idempotent: bool) -> None:
    assert decided(Understood("x", answer(200)), idempotent=idempotent) == Accept("x")


@pytest.mark.parametrize("status", [301, 304, 400, 401, 402, 403, 404, 405, 409, 410, 422, 499])
@pytest.mark.parametrize("idempotent", [True, False])
def test_a_refusal_is_final(status: int, idempotent: bool) -> None:
    assert decided(Failed(answer(status)), idempotent=idempotent) == Reject(answer(status))


@pytest.mark.parametrize("failure", PASSING, ids=str)
def test_a_transient_failure_is_retried(failure: Failure) -> None:
    decision = decided(failure)

    assert isinstance(decision, Retry)
    assert decision.after == 0.5
    assert not decision.renew


@pytest.mark.parametrize("failure", PASSING, ids=str)
def test_a_post_is_retried_only_if_it_was_not_processed(failure: Failure) -> None:
    decision = decided(failure, idempotent=False)

    match failure:
        case NotSent() | Failed(Answer(status=429)):
            assert isinstance(decision, Retry)
        case _:
            assert decision == CheckState(last=failure)


@pytest.mark.parametrize("failure", PASSING, ids=str)
def test_a_request_whose_outcome_is_unknown_may_have_worked(failure: Failure) -> None:
    surely_not = isinstance(failure, NotSent) or failure == Failed(answer(429))

    assert may_have_worked(failure) is not surely_not


def test_a_refused_request_did_not_work() -> None:
    assert not may_have_worked(Failed(answer(404)))
    assert may_have_worked(Understood("x", answer(200)))


@pytest.mark.parametrize("failure", PASSING, ids=str)
def test_the_last_attempt_is_not_retried(failure: Failure) -> None:
    assert isinstance(decided(failure, attempt=4), Retry)
    assert decided(failure, attempt=5) == GiveUp(limit=Limit.ATTEMPTS, last=failure)


def test_nothing_is_retried_after_the_retry_budget_is_spent() -> None:
    lost = NoResponse("reset")

    assert decided(lost, budget_left=False) == GiveUp(limit=Limit.BUDGET, last=lost)


def test_what_is_not_retried_still_says_how_long_bitbucket_asked_to_wait() -> None:
    slow = Failed(answer(503, retry_after="30"))

    assert decided(slow, attempt=5) == GiveUp(limit=Limit.ATTEMPTS, last=slow, asked=30)
    assert decided(slow, budget_left=False) == GiveUp(limit=Limit.BUDGET, last=slow, asked=30)


def test_a_pause_never_exceeds_the_deadline() -> None:
    slow = Failed(answer(429, retry_after="30"))

    assert isinstance(decided(slow, remaining=30.01), Retry)
    assert decided(slow, remaining=30) == GiveUp(limit=Limit.TIME, last=slow, asked=30)


def test_a_post_whose_requested_pause_exceeds_the_deadline_is_given_up() -> None:
    slow = Failed(answer(503, retry_after="120"))

    assert decided(slow, idempotent=False, remaining=121) == CheckState(last=slow, asked=120)
    assert decided(slow, idempotent=False, remaining=120) == GiveUp(
        limit=Limit.TIME, last=slow, asked=120
    )


def test_all_threads_pause_when_the_service_asks() -> None:
    def pauses_all(failure: Failure) -> bool:
        decision = decided(failure)
        assert isinstance(decision, Retry)
        return decision.pause_all

    assert pauses_all(Failed(answer(429)))
    assert pauses_all(Failed(answer(503, retry_after="3")))
    assert not pauses_all(Failed(answer(503)))
    assert not pauses_all(NotSent("refused"))


def test_an_expired_token_is_renewed_once() -> None:
    expired = Failed(answer(401, b'{"error": {"message": "Access token expired."}}'))
    wrong = Failed(answer(401, b"nonsense"))

    for idempotent in (True, False):
        assert decided(expired, renewable=True, idempotent=idempotent) == Retry(after=0, renew=True)
    assert decided(expired, renewable=False) == Reject(expired.answer)
    assert decided(wrong, renewable=True) == Reject(wrong.answer)


def test_an_expired_token_is_renewed_even_at_the_only_attempt() -> None:
    expired = Failed(answer(401, b"token EXPIRED"))

    assert decided(expired, renewable=True, max_attempts=1) == Retry(after=0, renew=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"retry_after": "Tuesday, 01-Sep-26 12:01:00 GMT"}, 60.0),
        ({"retry_after": "Tue Sep  1 12:01:00 2026"}, 60.0),
        ({"retry_after": "Tue, 01 Sep 2026 14:00:30 +0200"}, 30.0),
        ({"retry_after": "Tue, 01 Sep 2020 12:00:00 GMT"}, 0.0),
        ({"x_ratelimit_reset": "12"}, 12.0),
        ({"retry_after": "7", "x_ratelimit_reset": "12"}, 7.0),
        ({"retry_after": "soon", "x_ratelimit_reset": "12"}, 12.0),
        ({"x_ratelimit_reset": "Tue, 01 Sep 2026 12:01:00 GMT"}, None),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "1e9"}, None),
        ({"retry_after": "9" * 400}, None),
        ({"retry_after": "Tue, 99 Sep 2026 99:99:99 GMT"}, None),
        ({"retry_after": "Tue, 01 Sep 99999999999 12:00:00 GMT"}, None),
        ({"retry_after": "\x00"}, None),
        ({"retry_after": "\u0661"}, None),
        ({}, None),
    ],
)
def test_the_requested_pause_is_read_from_headers(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_to_wait(answer(429, b"", **headers), NOW) == seconds


def test_the_reset_of_the_quota_counts_only_for_429() -> None:
    assert asked_to_wait(answer(503, x_ratelimit_reset="12"), NOW) is None
    assert asked_to_wait(answer(503, retry_after="12"), NOW) == 12


def test_a_retry_after_of_zero_does_not_shorten_the_backoff() -> None:
    decision = decided(Failed(answer(429, retry_after="0")), attempt=3)

    assert decision == Retry(after=2.0, pause_all=True)


def test_pauses_double_up_to_a_maximum_with_full_jitter() -> None:
    assert [backoff(attempt, 1.0) for attempt in (1, 2, 3, 4, 7, 8, 10_000)] == [
        0.5,
        1,
        2,
        4,
        30,
        30,
        30,
    ]
    assert backoff(4, 0.25) == 1
    assert backoff(4, 0.0) == 0


def test_one_request_may_use_all_its_attempts() -> None:
    for max_attempts in (1, 2, 5, 1000):
        assert allowed_retries(1, max_attempts) >= max_attempts - 1


def test_the_retry_budget_grows_with_the_requests() -> None:
    assert allowed_retries(1000, 5) - allowed_retries(0, 5) == 200
