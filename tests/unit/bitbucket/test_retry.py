from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import pytest

from pipe.bitbucket.requests import Answer
from pipe.bitbucket.retry import (
    Accept,
    AttemptState,
    CheckState,
    Decision,
    Failed,
    GiveUp,
    Limit,
    NoResponse,
    NotSent,
    Outcome,
    Refuse,
    Retry,
    Trouble,
    Understood,
    Unparseable,
    allowed_repeats,
    asked_to_wait,
    backoff,
    decide,
    may_have_worked,
)

NOW: Final = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): told for name, told in headers.items()}, body)


def decided(  # noqa: PLR0913 - a situation with one thing different
    outcome: Outcome[str],
    *,
    repeatable: bool = True,
    attempt: int = 1,
    max_attempts: int = 5,
    remaining: float = 600,
    budget_left: bool = True,
    renewable: bool = False,
    chance: float = 1.0,
) -> Decision[str]:
    situation = AttemptState(
        repeatable=repeatable,
        attempt=attempt,
        max_attempts=max_attempts,
        remaining=remaining,
        budget_left=budget_left,
        renewable=renewable,
        now=NOW,
        chance=chance,
    )
    return decide(outcome, situation)


PASSING: Final[list[Trouble]] = [
    *(Failed(answer(status)) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    NotSent("refused"),
    NoResponse("reset"),
    Unparseable("half a body", 200),
]


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_was_understood_is_accepted(repeatable: bool) -> None:  # noqa: FBT001 - parametrized
    assert decided(Understood("x", answer(200)), repeatable=repeatable) == Accept("x")


@pytest.mark.parametrize("status", [301, 304, 400, 401, 402, 403, 404, 405, 409, 410, 422, 499])
@pytest.mark.parametrize("repeatable", [True, False])
def test_what_the_service_decided_stands(status: int, repeatable: bool) -> None:  # noqa: FBT001 - parametrized
    assert decided(Failed(answer(status)), repeatable=repeatable) == Refuse(answer(status))


@pytest.mark.parametrize("trouble", PASSING, ids=str)
def test_what_may_pass_is_repeated(trouble: Trouble) -> None:
    decision = decided(trouble)

    assert isinstance(decision, Retry)
    assert decision.after == 0.5
    assert not decision.renew


@pytest.mark.parametrize("trouble", PASSING, ids=str)
def test_a_post_is_repeated_only_if_surely_not_processed(trouble: Trouble) -> None:
    decision = decided(trouble, repeatable=False)

    match trouble:
        case NotSent() | Failed(Answer(status=429)):
            assert isinstance(decision, Retry)
        case _:
            assert decision == CheckState(trouble)


@pytest.mark.parametrize("trouble", PASSING, ids=str)
def test_what_may_have_taken_effect(trouble: Trouble) -> None:
    surely_not = isinstance(trouble, NotSent) or trouble == Failed(answer(429))

    assert may_have_worked(trouble) is not surely_not


def test_what_the_service_refused_did_not_take_effect() -> None:
    assert not may_have_worked(Failed(answer(404)))
    assert may_have_worked(Understood("x", answer(200)))


@pytest.mark.parametrize("trouble", PASSING, ids=str)
def test_the_last_try_is_the_last(trouble: Trouble) -> None:
    assert isinstance(decided(trouble, attempt=4), Retry)
    assert decided(trouble, attempt=5) == GiveUp(limit=Limit.TRIES, last=trouble)


def test_a_spent_budget_ends_the_trying() -> None:
    lost = NoResponse("reset")

    assert decided(lost, budget_left=False) == GiveUp(limit=Limit.BUDGET, last=lost)


def test_waiting_never_passes_the_deadline() -> None:
    slow = Failed(answer(429, retry_after="30"))

    assert isinstance(decided(slow, remaining=30.01), Retry)
    assert decided(slow, remaining=30) == GiveUp(limit=Limit.TIME, last=slow, asked=30)


def test_all_threads_slow_down_when_the_service_asks() -> None:
    def together(trouble: Trouble) -> bool:
        decision = decided(trouble)
        assert isinstance(decision, Retry)
        return decision.together

    assert together(Failed(answer(429)))
    assert together(Failed(answer(503, retry_after="3")))
    assert not together(Failed(answer(503)))
    assert not together(NotSent("refused"))


def test_an_expired_token_is_renewed_once() -> None:
    expired = Failed(answer(401, b'{"error": {"message": "Access token expired."}}'))
    wrong = Failed(answer(401, b"nonsense"))

    for repeatable in (True, False):
        assert decided(expired, renewable=True, repeatable=repeatable) == Retry(after=0, renew=True)
    assert decided(expired, renewable=False) == Refuse(expired.answer)
    assert decided(wrong, renewable=True) == Refuse(wrong.answer)


def test_an_expired_token_is_renewed_even_at_the_only_try() -> None:
    expired = Failed(answer(401, b"token EXPIRED"))

    assert decided(expired, renewable=True, max_attempts=1) == Retry(after=0, renew=True)


@pytest.mark.parametrize(
    ("told", "seconds"),
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
def test_how_long_the_service_asks_to_wait(told: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(answer(429, b"", **told), NOW) == seconds


def test_the_reset_of_the_quota_counts_only_when_it_is_spent() -> None:
    assert asked_to_wait(answer(503, x_ratelimit_reset="12"), NOW) is None
    assert asked_to_wait(answer(503, retry_after="12"), NOW) == 12


def test_to_be_told_to_hurry_is_no_reason_to_hammer() -> None:
    decision = decided(Failed(answer(429, retry_after="0")), attempt=3)

    assert decision == Retry(after=2.0, together=True)


def test_pauses_double_up_to_a_cap_with_full_jitter() -> None:
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


def test_one_request_may_use_all_its_tries() -> None:
    for max_attempts in (1, 2, 5, 1000):
        assert allowed_repeats(1, max_attempts) >= max_attempts - 1


def test_the_budget_grows_with_the_requests() -> None:
    assert allowed_repeats(1000, 5) - allowed_repeats(0, 5) == 200
