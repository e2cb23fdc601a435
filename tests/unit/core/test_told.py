"""What a decision says of itself, and details that nothing else would notice were they lost."""

from __future__ import annotations

from pipe import fingerprint
from pipe.bitbucket.pages import Ask, Incomplete, Listing, Page
from pipe.changes import DeleteVariable, Refuse, Update
from pipe.declaration import Declaration, DeclaredEnvironment, Desired, EnvironmentType, Rule
from pipe.plan import Observed, plan_repository
from pipe.safety import review_environment
from tests.kit.values import ALWAYS, SHOP, env, var


def _refusal(declaration: Declaration, *existing: str) -> Refuse:
    observed = Observed(environments=tuple(env(name, None) for name in existing), contents={})
    (plan,) = plan_repository(SHOP, declaration, observed, ALWAYS).environments
    assert isinstance(plan, Refuse)
    return plan


def test_a_rule_for_a_type_refuses_what_has_none_told() -> None:
    rule = Rule(type=EnvironmentType.PRODUCTION, desired=Desired(admin_only=True))
    refusal = _refusal(Declaration(rules=(rule,)), "Live")
    assert (refusal.name, refusal.existing) == ("Live", env("Live", None))
    assert refusal.problem.key == "type-unknown"
    assert "'Live'" in refusal.problem.what
    assert "Production" in refusal.problem.what + refusal.problem.why + refusal.problem.remedy


def test_what_needs_a_type_is_named() -> None:
    refusal = _refusal(Declaration(environments=(DeclaredEnvironment(name="New"),)))
    assert "'New'" in refusal.problem.what


def test_where_too_much_would_be_pruned_is_named() -> None:
    changes = tuple(DeleteVariable(var(f"K{number}", "v")) for number in range(6))
    refused = review_environment(Update(existing=env("Live"), changes=changes), force=False)
    assert isinstance(refused, Refuse)
    assert "6 of 6 variables of 'Live'" in refused.problem.what


def test_fingerprints_are_written_without_blanks() -> None:
    """The value of a variable is limited, and there is one fingerprint for each secret."""
    assert fingerprint.dump({"B": "2", "A": "1"}) == (
        '{"version":1,"hmac-sha256-128":{"A":"1","B":"2"}}'
    )


def test_an_order_that_changed_once_is_remembered() -> None:
    """The passes after it go on looking, even when they saw nothing twice."""
    pages = [("a", "b"), ("b", "c"), (), ("a", "b"), ("c",), (), ("a", "b"), ("c",), ()]
    listing: Listing[str] = Listing(identity=str)
    for values in pages:
        assert isinstance(listing.step, Ask)
        listing = listing.take(Page(values=values, size=4))
    assert listing.step == Ask(1)
    assert not isinstance(listing.step, Incomplete)
