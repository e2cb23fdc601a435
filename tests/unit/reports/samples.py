"""Results that tests of reports look at."""

from pipe.models.changes import (
    Create,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    Keep,
    SetAdminOnly,
    SetType,
    Update,
    UpdateVariable,
)
from pipe.models.declaration import EnvironmentType, Repository
from pipe.models.results import (
    Counts,
    EnvironmentResult,
    Mode,
    RepositoryResult,
    RunResult,
    planned,
)
from pipe.reports.presentation import RunView, present
from tests.support.results import ABOUT
from tests.support.values import SHOP, TEST, declared, env, plain, var


def view(result: RunResult) -> RunView:
    return present(result, ABOUT)


def holding(value: str) -> RepositoryResult:
    """Return a plan whose plain variables all hold a value, before or after."""
    update = Update(
        existing=env("Test"),
        changes=(
            CreateVariable(plain("A", value)),
            UpdateVariable(var("B", value), plain("B", f"x{value}y")),
            DeleteVariable(var("C", f"https://robot:{value}@acme.example")),
        ),
    )
    create = Create(
        declared=declared("New", TEST),
        type=TEST,
        changes=(SetType(TEST), CreateVariable(plain("A", value))),
    )
    return RepositoryResult(repository=SHOP, environments=(planned(update), planned(create)))


def deletion(name: str = "Old") -> EnvironmentResult:
    """Return the planned deletion of an environment with two variables."""
    variables = (var("API_URL", "https://api.acme.example"), var("DB_PASSWORD"))
    plan = Delete(existing=env(name), reason=DeleteReason.DECLARED, variables=variables)
    return planned(plan)


DELETION = RepositoryResult(repository=SHOP, environments=(deletion(),))
RUN = RunResult(
    mode=Mode.APPLY,
    repositories=(holding("v"),),
    counts=Counts(total=3, reads=2, writes=1),
    seconds=1.25,
)
NOTHING = RunResult(mode=Mode.APPLY, counts=Counts(), seconds=0.04)


def keep(name: str) -> EnvironmentResult:
    return planned(Keep(name=name, existing=env(name)))


def drift(name: str) -> EnvironmentResult:
    return planned(
        Update(
            existing=env(name, EnvironmentType.PRODUCTION),
            changes=(
                SetAdminOnly(before=False, after=True),
                CreateVariable(plain("API_URL", "https://api.acme.example/" + "x" * 100)),
            ),
        )
    )


def fleet(number: int, *names: str) -> RunResult:
    """Return a check of so many repositories; every tenth drifted in Production."""
    return RunResult(
        mode=Mode.CHECK,
        repositories=tuple(
            RepositoryResult(
                repository=Repository("acme", f"service-{index:04}"),
                environments=(
                    keep("Test"),
                    drift("Production") if index % 10 == 0 else keep("Production"),
                    *(keep(name) for name in names if index == 0),
                ),
            )
            for index in range(number)
        ),
        counts=Counts(total=number, reads=number),
        seconds=12.3,
        plan_checksum="sha256:" + "a" * 64,
    )
