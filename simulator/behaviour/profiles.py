"""Sets of switches with a name, and random ones."""

from collections.abc import Mapping
from random import Random
from typing import Final

from simulator.behaviour.switches import SWITCHES, Switches, with_values

OBSERVED: Final = Switches()
"""The best evidence there is; the default."""

DOCUMENTED: Final = Switches(
    duplicate_shape="message",
    name_clash="exact",
    body_type_required=True,
    environment_keys="minimal",
    environment_pagelen_ignored=False,
    page_size_over_100="clamped",
    unknown_environment_variables="404",
    duplicate_variable_external_id=False,
    secured_value_in_lists="empty",
    secured_value_in_answers="empty",
    created_variable="documented",
    bearer_write_scope="pipeline",
    rate_limit=1000,
    enabling_creates_defaults=False,
    branch_endpoint="404",
    error_bodies="documented",
)
"""What the published description says, and nothing more."""

HOSTILE: Final = Switches(
    duplicate_status="400",
    duplicate_shape="empty",
    name_clash="casefold",
    passing_400_creates=1,
    admin_only_at_creation="ignored",
    body_type_required=True,
    change_lag_seconds=0.5,
    change_lag_reads=1,
    noop_change="refused",
    combined_change="refused",
    rename_clash="ignored",
    deletion="listed",
    environment_keys="extended",
    environment_pagelen_ignored=False,
    environment_page_size=3,
    max_page_size=50,
    next_links="past-the-end",
    page_has_size=False,
    page_has_pagelen=False,
    page_has_number=False,
    list_order="shuffled",
    environment_list_lag_seconds=0.5,
    environment_list_lag_reads=1,
    variable_list_lag_seconds=0.5,
    variable_list_lag_reads=1,
    empty_variable_lists=1,
    variables_404_requests=2,
    duplicate_variable_shape="text",
    secured_change="ignored",
    secured_value_in_lists="null",
    secured_value_in_answers="empty",
    rate_limit=1000,
    rate_limit_headers=False,
    rate_limit_body="json",
    pipelines_config_lag_seconds=2.0,
    trailing_slash="observed",
)
"""Everything awkward at once, but nothing that a careful client cannot get through."""

PROFILES: Final[Mapping[str, Switches]] = {
    "observed": OBSERVED,
    "documented": DOCUMENTED,
    "hostile": HOSTILE,
}


def random_switches(random: Random) -> Switches:
    """Draw every switch independently.

    What would only end a run (a small rate limit, a small limit of environments) keeps its
    default; tests set it where they need it.
    """
    drawn = {each.name: random.choice(each.samples) for each in SWITCHES.values()}
    return with_values(OBSERVED, drawn)
