import pytest

from pipe.models.changes import (
    BranchesUnavailable,
    CreateVariable,
    DeleteVariable,
    MissingSecret,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.models.declaration import ManagedSecret
from pipe.planning.order import AddBranch, RemoveBranch, branch_steps, order
from tests.support.values import FAILURE, TEST, branch, plain, secret, var


@pytest.mark.promise("P7")
def test_the_order_is_tighten_write_loosen() -> None:
    writes = (
        CreateVariable(secret("A")),
        UpdateVariable(var("B", "1"), plain("B")),
        RewriteSecured(var("C"), secret("C")),
        DeleteVariable(var("D", "1")),
        MissingSecret(ManagedSecret("E"), FAILURE),
        WriteFingerprints(None, (), ()),
    )
    branches = SetBranches((branch("a"), branch("b")), ("b", "c"))
    rename = SetName("Live", "New")
    restrict, permit = (
        SetAdminOnly(before=False, after=True),
        SetAdminOnly(before=True, after=False),
    )
    tight = order((rename, restrict, branches, *writes))
    assert tight.tighten == (rename, restrict)
    assert tight.loosen == ()
    assert tight.variables == writes
    assert tight.tighten_branches == (RemoveBranch(branch("a")),)
    assert tight.loosen_branches == (AddBranch("c"),)
    loose = order((rename, permit))
    assert (loose.tighten, loose.loosen) == ((), (rename, permit))
    assert (loose.tighten_branches, loose.loosen_branches) == ((), ())
    # As with two fields of which one is to protect more and the other less.
    both = order((rename, permit, restrict))
    assert (both.tighten, both.loosen) == ((rename, restrict), (permit,))
    nothing = order((SetType(TEST),))
    assert (nothing.tighten, nothing.loosen, nothing.unavailable) == ((), (), None)
    unavailable = BranchesUnavailable(("main",), FAILURE)
    assert order((unavailable,)).unavailable == unavailable


@pytest.mark.promise("P7")
def test_the_first_new_pattern_stands_before_the_last_old_one_goes() -> None:
    """An empty set would let every branch deploy."""
    change = SetBranches((branch("a"), branch("b")), ("c", "d"))
    assert branch_steps(change) == (
        (AddBranch("c"), RemoveBranch(branch("a")), RemoveBranch(branch("b"))),
        (AddBranch("d"),),
    )
    assert branch_steps(SetBranches((), ("c", "d"))) == ((AddBranch("c"), AddBranch("d")), ())
    assert branch_steps(SetBranches((branch("a"),), ())) == ((), (RemoveBranch(branch("a")),))
