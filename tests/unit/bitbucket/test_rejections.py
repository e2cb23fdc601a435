import pytest

from pipe.bitbucket import problems
from pipe.bitbucket.rejections import bitbucket_says, rejection, rejection_about
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

    problem = rejection("list the environments", SHOP, rejected)

    assert (problem.key, problem.code) == (key, code)
    assert problem.what == (
        f"Bitbucket refused to list the environments in acme/shop (HTTP {status})."
    )
    assert problem.why == "Bitbucket says: Because."
    assert problem.remedy


def test_a_rejection_without_a_message_says_so() -> None:
    problem = rejection("do it", SHOP, Rejected(status=400))

    assert problem.why == "Bitbucket gave no reason."


def test_the_key_of_bitbucket_s_error_is_shown() -> None:
    rejected = Rejected(status=409, key="variable-service.variable.duplicate", message="Conflict")

    assert bitbucket_says(rejected) == (
        "Bitbucket says: Conflict (variable-service.variable.duplicate)"
    )


def test_scopes_are_listed() -> None:
    rejected = Rejected(
        status=403, message="No.", required=("project",), granted=("account", "pipeline:variable")
    )

    problem = rejection("do it", SHOP, rejected)

    assert problem.why == (
        "Bitbucket says: No. Required: project. Granted: account, pipeline:variable."
    )
    assert problem.remedy == "Use a credential that also has: project."


def test_required_scopes_that_are_all_granted_say_nothing() -> None:
    rejected = Rejected(status=403, message="No.", required=("account",), granted=("account",))

    assert "admin:pipeline:bitbucket" in rejection("do it", SHOP, rejected).remedy


def test_a_missing_scope_is_named_for_branches_too() -> None:
    rejected = Rejected(status=403, required=("pipeline:write",), granted=("pipeline",))

    remedy = problems.branches_unsupported("Live", rejected).remedy

    assert remedy == "Use a credential that also has: pipeline:write."


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (
            "Deployment permissions are not available on the plan of this workspace.",
            "payment-required",
        ),
        ("This feature requires Premium.", "payment-required"),
        ("Your plan does not include it.", "payment-required"),
        ("Upgrade to use it.", "payment-required"),
        ("You do not have access to acme/plan.", "not-permitted"),
        ("You do not have access to premium/shop.", "not-permitted"),
        ("No permission to upgrade.", "not-permitted"),
    ],
)
def test_a_403_about_the_plan_is_no_matter_of_permission(message: str, key: str) -> None:
    problem = rejection("do it", SHOP, Rejected(status=403, message=message))

    assert problem.key == key


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (401, "Access token expired.", "The token expired"),
        (401, "Token is invalid, expired, or not supported for this endpoint.", "wrong, expired"),
        (403, "To access this repository, an admin must whitelist your IP.", "IP allowlist"),
        (403, "Your IP address is not on the allowlist of this workspace.", "IP allowlist"),
        (403, "You must enable two-step verification.", "two-step verification: its owner must"),
        (403, "Repository is archived.", "read-only: unarchive it"),
        (403, "This API is not accessible by this authentication mechanism", "kind of credential"),
        (403, "You do not have access to this workspace.", "not a member"),
        (403, "Access denied.", "required scopes"),
        (404, "No workspace with identifier 'acmee'", "There is no such workspace"),
        (410, "CHANGE-2770 - Functionality has been deprecated", "newer version of this pipe"),
        (400, "Repository is archived.", "Correct what Bitbucket objects to"),
    ],
)
def test_the_remedy_fits_what_bitbucket_says(status: int, message: str, remedy: str) -> None:
    rejected = Rejected(status=status, message=message)

    assert remedy in rejection("do it", SHOP, rejected).remedy


def test_what_is_not_found_may_be_hidden() -> None:
    problem = rejection_about("list it", "The workspace acme", Rejected(status=404))

    assert problem.remedy.startswith("The workspace acme does not exist, or")


def test_a_list_without_end() -> None:
    assert problems.list_incomplete("environments", 1000, None).why == "The list has no end."


def test_the_token_service_may_give_no_reason() -> None:
    assert problems.oauth_refused(Rejected(status=400)).why == "Bitbucket gave no reason."


def test_a_run_that_only_reads_needs_the_scopes_for_reading_only() -> None:
    remedy = rejection("do it", SHOP, Rejected(status=403, read_only=True)).remedy

    assert "read:pipeline:bitbucket" in remedy
    assert "admin:pipeline:bitbucket" not in remedy
    assert "pipeline:write" not in remedy
