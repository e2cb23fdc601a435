"""Results that tests of reports look at."""

from __future__ import annotations

from pipe.models.changes import (
    Create,
    CreateVariable,
    DeleteVariable,
    SetType,
    Update,
    UpdateVariable,
)
from pipe.models.results import Counts, Mode, RepositoryResult, RunResult, planned
from tests.support.values import SHOP, TEST, declared, env, plain, var


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


RUN = RunResult(
    mode=Mode.APPLY,
    repositories=(holding("v"),),
    counts=Counts(total=3, reads=2, writes=1),
    seconds=1.25,
)
