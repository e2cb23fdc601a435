import pytest

from pipe.models.changes import (
    CreateVariable,
    DeleteReason,
    DeleteVariable,
    MissingSecret,
    RewriteSecured,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.models.declaration import FINGERPRINTS_KEY, AbsentVariable, ManagedSecret, SecuredUpdate
from pipe.models.errors import ExitCode
from pipe.models.existing import VariableOwner
from pipe.planning import fingerprints
from pipe.planning.variables import SecretsPolicy, plan_variables
from tests.support.values import (
    ALWAYS,
    IF_MISSING,
    KEY,
    ON_CHANGE,
    SHOP,
    desired,
    plain,
    secret,
    var,
)

UUID = "{live}"
OWNER = VariableOwner(SHOP, UUID)
OURS = FINGERPRINTS_KEY


def _print(key: str, value: str = "s3cret") -> str:
    return fingerprints.fingerprint(KEY, UUID, secret(key, value))


def test_plain_values_are_compared_exactly() -> None:
    plan = plan_variables(
        desired(plain("A", "1"), plain("B", "2"), plain("C", "")),
        (var("A", "1"), var("B", "2 "), var("X", "kept")),
        OWNER,
        ALWAYS,
    )
    assert plan.changes == (
        UpdateVariable(var("B", "2 "), plain("B", "2")),
        CreateVariable(plain("C", "")),
    )
    assert plan.unchanged == 1


def test_keys_that_differ_by_case_are_different() -> None:
    plan = plan_variables(desired(plain("Key")), (var("KEY", "v"),), OWNER, ALWAYS)
    assert plan.changes == (CreateVariable(plain("Key")),)


def test_a_change_of_storage_is_a_change_whatever_the_policy() -> None:
    for policy in (ALWAYS, IF_MISSING):
        plan = plan_variables(
            desired(plain("A"), secret("B")), (var("A"), var("B", "s3cret")), OWNER, policy
        )
        assert plan.changes == (
            UpdateVariable(var("A"), plain("A")),
            UpdateVariable(var("B", "s3cret"), secret("B")),
        )


def test_secured_values_that_exist_are_written_as_the_policy_says() -> None:
    wants, existing = desired(secret("A"), secret("B")), (var("A"),)
    always = plan_variables(wants, existing, OWNER, ALWAYS)
    assert always.changes == (RewriteSecured(var("A"), secret("A")), CreateVariable(secret("B")))
    assert always.unchanged == 0
    missing = plan_variables(wants, existing, OWNER, IF_MISSING)
    assert missing.changes == (CreateVariable(secret("B")),)
    assert missing.unchanged == 1


@pytest.mark.promise("P16")
def test_on_change_writes_what_no_fingerprint_vouches_for() -> None:
    memory = var(OURS, fingerprints.dump({"A": _print("A"), "B": _print("B", "old"), "Z": "gone"}))
    plan = plan_variables(
        desired(secret("A"), secret("B"), secret("C"), secret("D"), plain("P")),
        (var("A"), var("B"), var("C"), memory, var("P", "v")),
        OWNER,
        ON_CHANGE,
    )
    assert plan.changes == (
        UpdateVariable(var("B"), secret("B")),
        UpdateVariable(var("C"), secret("C"), lacks_fingerprint=True),
        CreateVariable(secret("D")),
        WriteFingerprints(memory, (("A", _print("A")),), (secret("B"), secret("C"), secret("D"))),
    )
    assert plan.unchanged == 2


@pytest.mark.promise("P16")
def test_on_change_with_everything_known_writes_nothing() -> None:
    memory = var(OURS, fingerprints.dump({"A": _print("A")}))
    plan = plan_variables(desired(secret("A")), (var("A"), memory), OWNER, ON_CHANGE)
    assert (plan.changes, plan.unchanged) == ((), 1)


@pytest.mark.promise("P16")
def test_a_fingerprint_is_believed_only_under_the_same_key_and_environment() -> None:
    memory = var(OURS, fingerprints.dump({"A": _print("A")}))
    rotated = SecretsPolicy(SecuredUpdate.ON_CHANGE, type(KEY)("fedcba9876543210"))
    for owner, policy in (
        (OWNER, rotated),
        (VariableOwner(SHOP, "{other}"), ON_CHANGE),
        (None, ON_CHANGE),
    ):
        plan = plan_variables(desired(secret("A")), (var("A"), memory), owner, policy)
        assert plan.changes[0] == UpdateVariable(var("A"), secret("A"))
    own = fingerprints.dump({"A": fingerprints.fingerprint(KEY, "acme/shop", secret("A"))})
    known = (var("A"), var(OURS, own))
    assert plan_variables(desired(secret("A")), known, VariableOwner(SHOP), ON_CHANGE).changes == ()
    keyless = SecretsPolicy(SecuredUpdate.ON_CHANGE)
    plan = plan_variables(desired(secret("A")), (var("A"),), OWNER, keyless)
    assert plan.changes == (UpdateVariable(var("A"), secret("A"), lacks_fingerprint=True),)


@pytest.mark.promise("P16")
def test_without_a_key_no_fingerprint_is_written_and_none_is_left_that_became_untrue() -> None:
    memory = var(OURS, fingerprints.dump({"A": _print("A"), "B": _print("B")}))
    wants = desired(secret("A"), secret("B", "new"))
    always = plan_variables(wants, (var("A"), var("B"), memory), OWNER, ALWAYS)
    assert always.changes[-1] == WriteFingerprints(memory, (), ())
    kept = plan_variables(wants, (var("A"), var("B"), memory), OWNER, IF_MISSING)
    assert kept.changes == ()
    again = plan_variables(wants, (var("A"), memory), OWNER, IF_MISSING)
    assert again.changes == (
        CreateVariable(secret("B", "new")),
        WriteFingerprints(memory, (("A", _print("A")),), ()),
    )
    others = var(OURS, fingerprints.dump({"C": _print("C")}))
    assert plan_variables(desired(secret("A")), (var("A"), others), OWNER, ALWAYS).changes == (
        RewriteSecured(var("A"), secret("A")),
    )
    assert plan_variables(desired(plain("C")), (var("C", "v"), others), OWNER, ALWAYS).changes == ()
    fresh = plan_variables(wants, (var("A"), var("B")), OWNER, ALWAYS)
    assert not [each for each in fresh.changes if isinstance(each, WriteFingerprints)]


@pytest.mark.promise("P10")
def test_pruning_takes_what_is_not_declared_and_spares_the_fingerprints_in_use() -> None:
    existing = (var("Z", "1"), var("A", "v"), var("Y"), var(OURS, fingerprints.dump({"Y": "f"})))
    wants = desired(plain("A"), prune=True)
    in_use = plan_variables(wants, existing, OWNER, ON_CHANGE)
    assert in_use.changes == (DeleteVariable(var("Y")), DeleteVariable(var("Z", "1")))
    unused = plan_variables(wants, existing, OWNER, ALWAYS)
    assert [each.field for each in unused.changes] == [
        f"variables.{OURS}",
        "variables.Y",
        "variables.Z",
    ]
    unasked = plan_variables(desired(plain("A")), existing, OWNER, ALWAYS)
    assert unasked.changes == ()


def test_a_managed_secret_must_exist_secured_and_is_never_written_or_pruned() -> None:
    wants = desired(ManagedSecret("A"), ManagedSecret("B", "FROM"), ManagedSecret("C"), prune=True)
    plan = plan_variables(wants, (var("A"), var("C", "plain")), OWNER, ALWAYS)
    assert [(type(each), each.field) for each in plan.changes] == [
        (MissingSecret, "variables.B"),
        (MissingSecret, "variables.C"),
    ]
    problems = [each.problem for each in plan.changes if isinstance(each, MissingSecret)]
    assert [each.code for each in problems] == [ExitCode.INCOMPLETE] * 2
    assert "FROM" in problems[0].remedy
    assert [each.what for each in problems] == [
        "The secured variable B does not exist.",
        "The secured variable C is stored as a plain variable.",
    ]
    assert plan.unchanged == 1


def test_a_variable_declared_absent_is_deleted_by_its_exact_key() -> None:
    plan = plan_variables(
        desired(AbsentVariable("A"), AbsentVariable("B"), prune=True),
        (var("A", "1"), var("b", "2")),
        OWNER,
        ALWAYS,
    )
    assert plan.changes == (
        DeleteVariable(var("A", "1"), DeleteReason.DECLARED),
        DeleteVariable(var("b", "2"), DeleteReason.PRUNED),
    )
    assert plan.unchanged == 0
