"""Every doubtful fact about Bitbucket as a named switch.

What each one means and how sure it is stands in `simulator.facts`, from which `--list-switches`
and the documentation are made. The defaults are the best evidence there is (profile `observed`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from simulator.behaviour.choices import (
    AtCreation,
    Clash,
    Comparison,
    CreatedVariable,
    Deletion,
    EnvironmentKeys,
    EnvironmentNames,
    ErrorBodies,
    ErrorShape,
    Extra,
    Internal,
    LimitBody,
    NextLink,
    Order,
    Oversized,
    Plan,
    RenameClash,
    RetryAfter,
    SecuredChange,
    SecuredValue,
    Slash,
    SlugClash,
    VariableKeys,
    Verdict,
    WriteScope,
)

SwitchValue: TypeAlias = bool | int | float | StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How this Bitbucket behaves wherever the real one is doubtful; see `simulator.facts`."""

    # How environments are created.
    duplicate_status: Clash = Clash.BAD_REQUEST
    duplicate_shape: ErrorShape = ErrorShape.SERVICE
    name_clash: Comparison = Comparison.CASEFOLD
    slug_clash: SlugClash = SlugClash.SUFFIX
    environment_names: EnvironmentNames = EnvironmentNames.ANY
    environment_limit: int = 0
    passing_400_creates: int = 0
    admin_only_at_creation: AtCreation = AtCreation.HONOURED
    body_type_required: bool = False

    # How they change and go.
    change_lag_seconds: float = 0.0
    change_lag_reads: int = 0
    noop_change: Verdict = Verdict.ACCEPTED
    combined_change: Verdict = Verdict.ACCEPTED
    extra_changes: Extra = Extra.REFUSED
    rename_clash: RenameClash = RenameClash.BAD_REQUEST
    plan: Plan = Plan.PREMIUM
    deletion: Deletion = Deletion.GONE
    environment_keys: EnvironmentKeys = EnvironmentKeys.FULL

    # What lists show.
    environment_page_size: int = 10
    variable_page_size: int = 10
    max_page_size: int = 100
    page_size_over_100: Oversized = Oversized.CLAMPED
    next_links: NextLink = NextLink.RIGHT
    page_has_size: bool = True
    page_has_pagelen: bool = True
    page_has_number: bool = True
    list_order: Order = Order.STABLE
    environment_list_lag_seconds: float = 0.0
    environment_list_lag_reads: int = 0
    empty_environment_lists: int = 0
    variable_list_lag_seconds: float = 0.0
    variable_list_lag_reads: int = 0
    empty_variable_lists: int = 0

    # How variables behave.
    variables_404_requests: int = 0
    variables_404_seconds: float = 0.0
    duplicate_variable_shape: ErrorShape = ErrorShape.DATA
    duplicate_variable_external_id: bool = True
    variable_key_clash: Comparison = Comparison.EXACT
    variable_keys: VariableKeys = VariableKeys.CLASSIC
    empty_value: Verdict = Verdict.ACCEPTED
    secured_change: SecuredChange = SecuredChange.STICKS
    secured_value_in_lists: SecuredValue = SecuredValue.ABSENT
    secured_value_in_answers: SecuredValue = SecuredValue.ABSENT
    created_variable: CreatedVariable = CreatedVariable.CAMEL_CASE

    # Who may call, and how often.
    scopes_checked: bool = True
    bearer_write_scope: WriteScope = WriteScope.PIPELINE_WRITE
    oauth_expires_in: int = 7200
    rate_limit: int = 0
    rate_limit_headers: bool = True
    rate_limit_retry_after: RetryAfter = RetryAfter.ABSENT
    rate_limit_reset: bool = False
    rate_limit_body: LimitBody = LimitBody.JSON

    # All the rest.
    enabling_creates_defaults: bool = True
    branch_endpoint: Internal = Internal.WORKING
    raw_braces: Verdict = Verdict.REFUSED
    trailing_slash: Slash = Slash.OBSERVED
    error_bodies: ErrorBodies = ErrorBodies.OBSERVED
