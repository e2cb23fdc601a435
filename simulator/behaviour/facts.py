"""What each switch means, and how sure the fact behind its default is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.behaviour.switches import SwitchValue


class Certainty(StrEnum):
    """How sure the default is."""

    SURE = "sure"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a switch is about.

    Attributes:
        certainty: How sure the default is.
        meaning: One or two sentences.
        samples: Values that random switches are drawn from; none: every value there is.
    """

    certainty: Certainty
    meaning: str
    samples: tuple[SwitchValue, ...] = ()


_SURE: Final = Certainty.SURE
_LIKELY: Final = Certainty.LIKELY
_GUESS: Final = Certainty.GUESS
_SMALL_COUNTS: Final = (0, 1, 3)
_SMALL_TIMES: Final = (0.0, 0.5, 3.0)

FACTS: Final[Mapping[str, Fact]] = {
    # How environments are created.
    "duplicate_status": Fact(
        _LIKELY,
        "Status of creating an environment whose name exists: documented 409, users report 400.",
    ),
    "duplicate_shape": Fact(
        _GUESS,
        "Body of that answer; no real one was ever published.",
    ),
    "name_clash": Fact(
        _GUESS,
        "Whether names of environments clash exactly, or regardless of case.",
    ),
    "slug_clash": Fact(
        _GUESS,
        "Creating or renaming an environment whose slug another one has: the slug gets a numbered "
        "suffix, is `shared`, or the request is `refused` with 400.",
    ),
    "environment_names": Fact(
        _LIKELY,
        "`any`: every name that is not blank. `web`: as the web page has it, letters, "
        "digits, spaces, `_`, `-`, at most 30 characters.",
    ),
    "environment_limit": Fact(
        _GUESS,
        "Environments a repository may have; 0 means no limit. Once 10, then 50 were told.",
        (0,),
    ),
    "passing_400_creates": Fact(
        _LIKELY,
        "How many times in a row creating an environment within two seconds of another "
        "creation answers a passing 400 without effect.",
        (0, 1, 2),
    ),
    "admin_only_at_creation": Fact(
        _LIKELY,
        "Whether `restrictions.admin_only` in the body of a creation counts.",
    ),
    "body_type_required": Fact(
        _SURE,
        "Whether `type` must stand in the bodies for which the description asks for it "
        "(environments, reports).",
    ),
    # How they change and go.
    "change_lag_seconds": Fact(
        _LIKELY,
        "Seconds between the 202 of a change and its effect; usually within one.",
        _SMALL_TIMES,
    ),
    "change_lag_reads": Fact(
        _LIKELY,
        "How many reads still show the old state after the 202 of a change.",
        _SMALL_COUNTS,
    ),
    "noop_change": Fact(
        _GUESS,
        "A change to what is already so.",
    ),
    "combined_change": Fact(
        _LIKELY,
        "Name and restrictions in the same change.",
    ),
    "extra_changes": Fact(
        _SURE,
        "A change of another field (`environment_type`, `rank`, `hidden`, `lock`, "
        "`environment_lock_enabled`); some sites are said to apply them.",
    ),
    "rename_clash": Fact(
        _GUESS,
        "Renaming onto the name of another environment; `ignored` answers 202 and never acts.",
    ),
    "plan": Fact(
        _GUESS,
        "Whether the workspace has deployment permissions (Premium); if not, whether "
        "`admin_only` is silently ignored or answers 402 or 403.",
    ),
    "deletion": Fact(
        _LIKELY,
        "A deleted environment is `gone`, still `readable` by uuid under another name, or "
        "even `listed` under that other name.",
    ),
    "environment_keys": Fact(
        _SURE,
        "`minimal`: only the published `type`, `uuid`, `name`. `full`: the twelve keys "
        "seen. `extended`: with `change_request_config`, `lock_opener`, `triggerer` too.",
    ),
    # What lists show.
    "environment_page_size": Fact(
        _GUESS,
        "Items on a page of environments when `pagelen` is not given.",
        (1, 10, 30),
    ),
    "variable_page_size": Fact(
        _SURE,
        "Items on a page of variables when `pagelen` is not given.",
        (1, 10),
    ),
    "max_page_size": Fact(
        _SURE,
        "The most items on a page, whatever `pagelen` says.",
        (2, 50, 100),
    ),
    "page_size_over_100": Fact(
        _GUESS,
        "What `pagelen` above 100 does.",
    ),
    "next_links": Fact(
        _SURE,
        "What `next` is worth on lists of environments and variables (BCLOUD-20796): each "
        "of the wrong ones was seen.",
    ),
    "page_has_size": Fact(
        _SURE,
        "Whether pages carry `size`.",
    ),
    "page_has_pagelen": Fact(
        _SURE,
        "Whether pages carry `pagelen`.",
    ),
    "page_has_number": Fact(
        _SURE,
        "Whether pages carry `page`.",
    ),
    "list_order": Fact(
        _SURE,
        "The order of lists is undefined. `shuffled`: another one each time the first "
        "page is asked for; the later pages follow it.",
    ),
    "environment_list_lag_seconds": Fact(
        _LIKELY,
        "Seconds for which the list of environments does not show a write.",
        _SMALL_TIMES,
    ),
    "environment_list_lag_reads": Fact(
        _LIKELY,
        "Reads for which the list of environments does not show a write.",
        _SMALL_COUNTS,
    ),
    "empty_environment_lists": Fact(
        _GUESS,
        "How many reads of the list of environments come out empty after a write.",
        _SMALL_COUNTS,
    ),
    "variable_list_lag_seconds": Fact(
        _SURE,
        "Seconds for which the list of variables does not show a write: clients wait 1 to "
        "5. Creating a key that exists answers 409 all the while.",
        _SMALL_TIMES,
    ),
    "variable_list_lag_reads": Fact(
        _SURE,
        "Reads for which the list of variables does not show a write.",
        _SMALL_COUNTS,
    ),
    "empty_variable_lists": Fact(
        _SURE,
        "How many reads of the list of variables come out empty after a write (August 2026).",
        _SMALL_COUNTS,
    ),
    # How variables behave.
    "variables_404_requests": Fact(
        _LIKELY,
        "How many requests for its variables answer 404 after an environment was created.",
        _SMALL_COUNTS,
    ),
    "variables_404_seconds": Fact(
        _LIKELY,
        "For how many seconds its variables answer 404 after an environment was created.",
        _SMALL_TIMES,
    ),
    "duplicate_variable_shape": Fact(
        _LIKELY,
        "Body of the 409 for a key that exists (also while the list does not show it).",
    ),
    "duplicate_variable_external_id": Fact(
        _LIKELY,
        "Whether that 409 names the uuid of the existing variable in "
        "`error.data.arguments.externalId`.",
    ),
    "variable_key_clash": Fact(
        _GUESS,
        "Whether keys of variables clash exactly, or regardless of case as in the web page.",
    ),
    "variable_keys": Fact(
        _LIKELY,
        "`classic`: letters, digits, `_`, no digit first. `dots-and-dashes`: `.` and `-` too.",
    ),
    "empty_value": Fact(
        _GUESS,
        "A variable with an empty value; the web page refuses it.",
    ),
    "secured_change": Fact(
        _LIKELY,
        "Plain to secured or back by PUT: it works for one client, another calls it "
        "impossible. `ignored` takes the new value and leaves the variable as secured as it was.",
    ),
    "secured_value_in_lists": Fact(
        _SURE,
        "What stands for a secured value in lists.",
    ),
    "secured_value_in_answers": Fact(
        _SURE,
        "What stands for a secured value in the answer to a write.",
    ),
    "created_variable": Fact(
        _SURE,
        "The 201 of a variable: camelCase without `type`, or as the description has it.",
    ),
    # Who may call, and how often.
    "scopes_checked": Fact(
        _SURE,
        "Whether a credential needs the right scopes (403 with what was required).",
    ),
    "bearer_write_scope": Fact(
        _GUESS,
        "What a bearer token needs to write environments; the description says `pipeline`.",
    ),
    "oauth_expires_in": Fact(
        _LIKELY,
        "Seconds after which a token of an OAuth consumer answers 401 `Access token expired.`",
        (7200,),
    ),
    "rate_limit": Fact(
        _SURE,
        "Requests a credential may send in any hour to `/2.0/repositories/…`; 0 means no "
        "limit (Bitbucket's is 1,000, for some access tokens up to 10,000; off here, so "
        "that rehearsals are not cut short).",
        (0,),
    ),
    "rate_limit_headers": Fact(
        _SURE,
        "`X-RateLimit-Limit`, `-Resource`, `-NearLimit` on answers to access tokens.",
    ),
    "rate_limit_retry_after": Fact(
        _GUESS,
        "`Retry-After` on a 429; never seen live, may come in either form.",
    ),
    "rate_limit_reset": Fact(
        _GUESS,
        "`x-ratelimit-reset` on a 429: seconds to wait, seen on anonymous calls.",
    ),
    "rate_limit_body": Fact(
        _SURE,
        "Body of a 429: JSON or bare text, both were seen.",
    ),
    # All the rest.
    "enabling_creates_defaults": Fact(
        _LIKELY,
        "Whether Test, Staging and Production appear when Pipelines is first enabled.",
    ),
    "branch_endpoint": Fact(
        _LIKELY,
        "What the internal endpoint of branch restrictions answers; last seen working in 2022.",
    ),
    "raw_braces": Fact(
        _SURE,
        "Braces of a uuid in a path that are not percent-encoded.",
    ),
    "trailing_slash": Fact(
        _LIKELY,
        "`observed`: a slash at the end is fine on `environments` and `changes`, 403 on "
        "`variables` with an API token, 404 elsewhere. `tolerated`: fine everywhere.",
    ),
    "error_bodies": Fact(
        _SURE,
        "`documented` tells every error in the published shape, whatever other switches say.",
    ),
}
"""By the name of the switch, in the order in which they are defined."""
