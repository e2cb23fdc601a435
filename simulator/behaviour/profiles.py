"""Sets of switches with a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Final

from simulator.behaviour import choices as c
from simulator.behaviour.switch_table import describe
from simulator.behaviour.switches import Switches, SwitchValue

OBSERVED: Final = Switches()
"""The best evidence there is; the default."""

DOCUMENTED: Final = Switches(
    duplicate_status=c.Clash.CONFLICT,
    duplicate_shape=c.ErrorShape.MESSAGE,
    name_clash=c.Comparison.EXACT,
    body_type_required=True,
    environment_keys=c.EnvironmentKeys.MINIMAL,
    secured_value_in_lists=c.SecuredValue.EMPTY,
    secured_value_in_answers=c.SecuredValue.EMPTY,
    created_variable=c.CreatedVariable.DOCUMENTED,
    bearer_write_scope=c.WriteScope.PIPELINE,
    rate_limit=1000,
    enabling_creates_defaults=False,
    branch_endpoint=c.Internal.NOT_FOUND,
    error_bodies=c.ErrorBodies.DOCUMENTED,
)
"""What the published description says, and nothing more."""

HOSTILE: Final = Switches(
    duplicate_status=c.Clash.BAD_REQUEST,
    duplicate_shape=c.ErrorShape.EMPTY,
    name_clash=c.Comparison.CASEFOLD,
    passing_400_creates=1,
    admin_only_at_creation=c.AtCreation.IGNORED,
    body_type_required=True,
    change_lag_seconds=0.5,
    change_lag_reads=1,
    noop_change=c.Verdict.REFUSED,
    combined_change=c.Verdict.REFUSED,
    rename_clash=c.RenameClash.IGNORED,
    deletion=c.Deletion.LISTED,
    environment_keys=c.EnvironmentKeys.EXTENDED,
    environment_page_size=3,
    max_page_size=50,
    next_links=c.NextLink.PAST_THE_END,
    page_has_size=False,
    page_has_pagelen=False,
    page_has_number=False,
    list_order=c.Order.SHUFFLED,
    environment_list_lag_seconds=0.5,
    environment_list_lag_reads=1,
    variable_list_lag_seconds=0.5,
    variable_list_lag_reads=1,
    empty_variable_lists=1,
    variables_404_requests=2,
    duplicate_variable_shape=c.ErrorShape.TEXT,
    secured_change=c.SecuredChange.IGNORED,
    secured_value_in_lists=c.SecuredValue.NULL,
    secured_value_in_answers=c.SecuredValue.EMPTY,
    rate_limit=1000,
    rate_limit_headers=False,
    rate_limit_body=c.LimitBody.TEXT,
)
"""Everything awkward at once, but nothing that a careful client can't get through."""

PROFILES: Final[Mapping[str, Switches]] = {
    "observed": OBSERVED,
    "documented": DOCUMENTED,
    "hostile": HOSTILE,
}


def random_switches(random: Random) -> Switches:
    """Draw every switch independently.

    What would only end a run (a small rate limit, a small limit of environments) is left at its
    default; tests set it where they mean it.
    """
    return with_values(Switches(), {each.name: random.choice(each.samples) for each in describe()})


def with_values(switches: Switches, values: Mapping[str, SwitchValue]) -> Switches:
    """Return the switches with some of them set."""
    # Values come from `parse_switch` or `describe`.
    return replace(switches, **values)  # type: ignore[arg-type] # those know each switch's type
