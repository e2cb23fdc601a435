import pytest

from pipe.bitbucket import problems
from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode

SHOP = Repository("acme", "shop")


@pytest.mark.parametrize(
    ("status", "key", "code"),
    [
        (400, "refused-by-bitbucket", ExitCode.INCOMPLETE),
        (401, "not-authenticated", ExitCode.PERMISSION),
        (402, "payment-required", ExitCode.INCOMPLETE),
        (403, "not-permitted", ExitCode.PERMISSION),
        (404, "not-found", ExitCode.PERMISSION),
        (409, "refused-by-bitbucket", ExitCode.INCOMPLETE),
        (410, "removed-by-bitbucket", ExitCode.INCOMPLETE),
    ],
)
def test_what_a_rejection_means(status: int, key: str, code: ExitCode) -> None:
    rejected = Rejected(status=status, message="Because.")

    problem = problems.rejection("list the environments", SHOP, rejected)

    assert (problem.key, problem.code) == (key, code)
    assert problem.what == (
        f"Bitbucket refused to list the environments in acme/shop (HTTP {status})."
    )
    assert problem.why == "Bitbucket says: Because."
    assert problem.remedy


def test_a_rejection_without_words() -> None:
    problem = problems.rejection("do it", SHOP, Rejected(status=400))

    assert problem.why == "Bitbucket gave no reason."


def test_scopes_are_told() -> None:
    rejected = Rejected(
        status=403, message="No.", required=("project",), granted=("account", "pipeline:variable")
    )

    problem = problems.rejection("do it", SHOP, rejected)

    assert problem.why == (
        "Bitbucket says: No. Required: project. Granted: account, pipeline:variable."
    )
    assert "admin:pipeline:bitbucket" in problem.remedy


def test_an_expired_token_is_told_from_a_wrong_one() -> None:
    expired, wrong = (
        problems.rejection("do it", SHOP, Rejected(status=401, message=message))
        for message in ("Access token expired.", "Token is invalid, expired, or not supported")
    )

    assert "The token expired" in expired.remedy
    assert "wrong, expired, or of a kind" in wrong.remedy
    assert all("2026-07-28" in each.remedy for each in (expired, wrong))


def test_what_is_not_found_may_be_hidden() -> None:
    problem = problems.refusal("list the repositories", "The workspace acme", Rejected(status=404))

    assert problem.remedy.startswith("The workspace acme does not exist, or")


def test_a_list_without_end() -> None:
    assert problems.list_incomplete("environments", 1000, None).why == "The list has no end."


def test_the_token_service_may_say_nothing() -> None:
    assert problems.oauth_refused(Rejected(status=400)).why == "Bitbucket says: nothing"
