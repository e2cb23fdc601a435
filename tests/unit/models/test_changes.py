import pytest

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    CreateVariable,
    DeleteVariable,
    Keep,
    MissingSecret,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
    changes_of,
    existing_of,
)
from pipe.models.declaration import FINGERPRINTS_KEY, ManagedSecret, WritableVariable
from pipe.models.existing import ExistingVariable
from tests.support.values import FAILURE, TEST, branch, declared, env, plain, secret, var


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("change", "view"),
    [
        (SetType(TEST), ("type", None, "Test", False)),
        (SetName("a", "b"), ("name", "a", "b", False)),
        (SetAdminOnly(None, after=True), ("admin_only", None, True, False)),
        (
            SetBranches((branch("b"), branch("a")), ("c",)),
            ("branches", ("a", "b"), ("c",), False),
        ),
        (BranchesUnavailable(("c",), FAILURE), ("branches", None, ("c",), False)),
        (CreateVariable(plain("A", "1")), ("variables.A", None, "1", False)),
        (CreateVariable(secret("A")), ("variables.A", None, None, True)),
        (UpdateVariable(var("A", "0"), plain("A", "1")), ("variables.A", "0", "1", False)),
        (UpdateVariable(var("A", "0"), secret("A")), ("variables.A", None, None, True)),
        (UpdateVariable(var("A"), plain("A", "1")), ("variables.A", None, None, True)),
        (UpdateVariable(var("A"), secret("A")), ("variables.A", None, None, True)),
        (RewriteSecured(var("A"), secret("A")), ("variables.A", None, None, True)),
        (DeleteVariable(var("A", "0")), ("variables.A", "0", None, False)),
        (
            DeleteVariable(var(FINGERPRINTS_KEY, "{}")),
            ("variables.BITBUCKET_ENVIRONMENT_FINGERPRINTS", None, None, True),
        ),
        (DeleteVariable(var("A")), ("variables.A", None, None, True)),
        (MissingSecret(ManagedSecret("A"), FAILURE), ("variables.A", None, None, True)),
        (
            WriteFingerprints(None, (("A", "f"),), (secret("B"),)),
            ("variables.BITBUCKET_ENVIRONMENT_FINGERPRINTS", None, None, True),
        ),
    ],
)
def test_every_change_has_the_same_views_and_shows_no_secret(
    change: Change, view: tuple[object, ...]
) -> None:
    assert (change.field, change.before, change.after, change.secured) == view


@pytest.mark.parametrize(
    ("existing", "after", "switches"),
    [
        (var("A", "0"), plain("A"), False),
        (var("A", "0"), secret("A"), True),
        (var("A"), plain("A"), True),
        (var("A"), secret("A"), False),
    ],
)
def test_a_change_of_storage_is_known(
    existing: ExistingVariable, after: WritableVariable, *, switches: bool
) -> None:
    assert UpdateVariable(existing, after).switches_storage is switches


def test_plans_say_what_they_found() -> None:
    create = Create(declared=declared("New", TEST), type=TEST, changes=(SetType(TEST),))
    update = Update(existing=env("Live"), changes=(SetName("Live", "New"),))
    keep = Keep(name="Live", existing=env("Live"))
    assert [each.name for each in (create, update, keep)] == ["New", "Live", "Live"]
    assert [existing_of(each) for each in (create, update, keep)] == [
        None,
        env("Live"),
        env("Live"),
    ]
    assert [len(changes_of(each)) for each in (create, update, keep)] == [1, 1, 0]
