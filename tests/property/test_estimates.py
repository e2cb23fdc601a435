"""How many requests a plan needs is known before the first is sent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from pipe.apply.repository import Unreadable, apply_one, plan_one
from pipe.models.changes import UpdateVariable, changes_of
from pipe.models.declaration import SecuredUpdate
from pipe.planning.estimates import requests_needed
from simulator.behaviour.profiles import OBSERVED
from tests.property.strategies import Experiment, experiments
from tests.support.values import SHOP


@given(experiments())
def test_without_trouble_a_plan_takes_as_many_requests_as_was_said(drawn: Experiment) -> None:
    experiment = replace(drawn, switches=OBSERVED)
    world = experiment.world()
    service = world.service(secrets=experiment.policy, force=experiment.force)
    plan = plan_one(service, SHOP, experiment.declaration)
    assert not isinstance(plan, Unreadable)
    before = len(world.simulator.requests)
    apply_one(service, plan, experiment.declaration)
    sent = world.simulator.requests[before:]
    # What is to be hidden is not veiled first under `if-missing`: that saves one request each.
    saved = 0
    if experiment.policy.update is SecuredUpdate.IF_MISSING:
        changes = (change for each in plan.environments for change in changes_of(each))
        saved = sum(isinstance(one, UpdateVariable) and _hides(one) for one in changes)
    told = [f"{each.method} {each.path}" for each in sent]
    assert requests_needed(plan) - saved == len(sent), told


def _hides(change: UpdateVariable) -> bool:
    return change.switches_storage and not change.existing.secured
