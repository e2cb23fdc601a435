"""Every doubtful fact about Bitbucket as a named switch.

A switch is declared once, in `Switches`: its name, how sure the default is, the values it takes,
the default, which is the best evidence there is, and what it means. The command line, the control
API, the documentation and the random switches of tests are derived from that.
"""

import ast
import inspect
import math
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

SwitchValue: TypeAlias = bool | int | float | str

ErrorShape: TypeAlias = Literal[
    "service", "message", "data", "detail", "fields", "text", "html", "empty"
]
"""The bodies in which Bitbucket's services and gateways report an error."""

RetryAfter: TypeAlias = Literal["absent", "seconds", "date"]
"""Whether a 429 has `Retry-After`, and in which form."""

RateLimitBody: TypeAlias = Literal["text", "json"]
"""The body of a 429."""

Comparison: TypeAlias = Literal["exact", "casefold"]
"""When two names are the same."""

Verdict: TypeAlias = Literal["accepted", "refused"]
SecuredValue: TypeAlias = Literal["absent", "null", "empty"]
Count: TypeAlias = Annotated[int, Meta(ge=0, examples=[0, 1, 3])]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, examples=[0.0, 0.5, 3.0])]
"""Random switches are drawn from the examples."""


class Certainty(StrEnum):
    """How sure the default of a switch is."""

    SURE = "sure"
    LIKELY = "likely"
    GUESS = "guess"


_T = TypeVar("_T")

Sure: TypeAlias = Annotated[_T, Certainty.SURE]
"""A fact that was seen live, or on which two independent clients rely."""

Likely: TypeAlias = Annotated[_T, Certainty.LIKELY]
"""A fact from one working client or one credible report."""

Guess: TypeAlias = Annotated[_T, Certainty.GUESS]
"""A fact from the published description alone, or from inference."""


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this Bitbucket behaves wherever the real one is doubtful."""

    # Creating environments
    duplicate_status: Likely[Literal["409", "400"]] = "409"
    """Status of creating an environment whose name exists: 409 is documented and was met in 2023,
    400 was reported in 2020."""
    duplicate_shape: Guess[ErrorShape] = "service"
    """Body of that answer; no real one was ever published."""
    name_clash: Guess[Comparison] = "casefold"
    """Whether names of environments clash exactly, or regardless of case."""
    slug_clash: Guess[Literal["suffix", "shared", "refused"]] = "suffix"
    """Creating or renaming an environment whose slug another one has: the slug gets a numbered
    suffix, is `shared`, or the request is `refused` with 400."""
    environment_names: Likely[Literal["api", "web", "any"]] = "api"
    """`api`: letters, digits, spaces, `_`, `-`. `web`: the same, at most 30 characters. `any`:
    every name that is not blank."""
    environment_limit: Likely[Annotated[Count, Meta(examples=[100])]] = 100
    """Environments a repository may have; 0 means no limit. The error is unknown."""
    passing_400_creates: Likely[Annotated[Count, Meta(examples=[0, 1, 2])]] = 0
    """How many times in a row creating an environment within two seconds of another creation
    answers a passing 400 without effect."""
    admin_only_at_creation: Likely[Literal["honoured", "ignored"]] = "honoured"
    """Whether `restrictions.admin_only` in the body of a creation is honoured."""
    body_type_required: Sure[bool] = False
    """Whether the bodies for which the description requires `type` (environments, reports) must
    have it."""

    # Changing and deleting environments
    change_lag_seconds: Likely[Seconds] = 0.0
    """Seconds between the 202 of a change and its effect; usually below one."""
    change_lag_reads: Likely[Count] = 0
    """How many reads still show the old state after the 202."""
    noop_change: Guess[Verdict] = "accepted"
    """A change that sets what is already so."""
    combined_change: Likely[Verdict] = "accepted"
    """Name and restrictions in the same change."""
    extra_changes: Sure[Literal["refused", "ignored", "applied"]] = "refused"
    """A change of another field (`environment_type`, `rank`, `hidden`, `lock`,
    `environment_lock_enabled`); some sites are said to apply them."""
    rename_clash: Guess[Literal["400", "409", "ignored"]] = "400"
    """Renaming onto an existing name; `ignored` answers 202 and changes nothing."""
    plan: Guess[Literal["premium", "stored", "ignored", "402", "403"]] = "premium"
    """Whether the workspace has deployment permissions (Premium); if not, whether `admin_only` is
    `stored` and read back as true without being enforced, silently ignored, or answers 402 or
    403."""
    deletion: Likely[Literal["gone", "readable", "listed"]] = "gone"
    """A deleted environment is `gone`, still `readable` by uuid under another name, or even
    `listed` under that name."""
    environment_keys: Sure[Literal["minimal", "full", "extended"]] = "full"
    """`minimal`: only the published `type`, `uuid`, `name`. `full`: the twelve keys seen.
    `extended`: also `change_request_config`, `lock_opener`, `triggerer`."""

    # Lists
    environment_pagelen_ignored: Likely[bool] = True
    """Whether `pagelen` is ignored on environments and up to 100 come in one page."""
    environment_second_page: Guess[Literal["empty", "repeated"]] = "empty"
    """The page after the last one, where `pagelen` is ignored on environments."""
    environment_page_size: Guess[Annotated[Count, Meta(examples=[1, 10, 30])]] = 10
    """Environments on a page when `pagelen` is not given and not ignored."""
    variable_page_size: Sure[Annotated[Count, Meta(examples=[1, 10])]] = 10
    """Variables on a page when `pagelen` is not given."""
    max_page_size: Sure[Annotated[Count, Meta(examples=[2, 50, 100])]] = 100
    """The most items on a page, whatever `pagelen` says."""
    page_size_over_100: Sure[Literal["lossy", "clamped", "refused"]] = "lossy"
    """What `pagelen` above 100 does. `lossy`: of variables, the first 100 come as if they were all
    of them."""
    next_links: Sure[Literal["right", "missing", "repeating", "past-the-end", "other-host"]] = (
        "right"
    )
    """Value of `next` in lists of environments and variables (BCLOUD-20796): each of the wrong ones
    was seen."""
    page_has_size: Sure[bool] = True
    """Whether pages have `size`."""
    page_has_pagelen: Sure[bool] = True
    """Whether pages have `pagelen`."""
    page_has_number: Sure[bool] = True
    """Whether pages have `page`."""
    list_order: Sure[Literal["stable", "shuffled"]] = "stable"
    """The order of lists is undefined. `shuffled`: another one each time the first page is
    requested; the later pages follow it."""
    environment_list_lag_seconds: Likely[Seconds] = 0.0
    """Seconds for which the list of environments does not show a write."""
    environment_list_lag_reads: Likely[Count] = 0
    """Reads for which the list of environments does not show a write."""
    empty_environment_lists: Guess[Count] = 0
    """How many reads of the list of environments are empty after a write."""
    variable_list_lag_seconds: Sure[Annotated[Seconds, Meta(examples=[0.0, 0.5, 3.0, 7.0])]] = 0.0
    """Seconds for which the list of variables does not show a write: clients wait 1 to 7. Creating
    a key that exists answers 409 all the while."""
    variable_list_lag_reads: Sure[Count] = 0
    """Reads for which the list of variables does not show a write."""
    empty_variable_lists: Sure[Count] = 0
    """How many reads of the list of variables are empty after a write (August 2026)."""

    # Variables
    unknown_environment_variables: Likely[Literal["empty", "404"]] = "empty"
    """Variables of an environment that does not exist. `empty`: GET answers 200 with an empty page,
    POST 201 and creates a variable that belongs to nothing."""
    variables_404_requests: Likely[Count] = 0
    """How many requests for its variables answer 404 after an environment was created."""
    variables_404_seconds: Likely[Seconds] = 0.0
    """Seconds for which its variables answer 404 after an environment was created."""
    duplicate_variable_shape: Likely[ErrorShape] = "data"
    """Body of the 409 for a key that exists (also while the list does not show it)."""
    duplicate_variable_external_id: Likely[bool] = True
    """Whether that 409 gives the uuid of the existing variable in
    `error.data.arguments.externalId`."""
    variable_key_clash: Guess[Comparison] = "exact"
    """Whether keys clash exactly, or regardless of case as on the web page."""
    variable_keys: Likely[Literal["classic", "dots-and-dashes"]] = "classic"
    """`classic`: letters, digits, `_`, no leading digit. `dots-and-dashes`: `.` and `-` too."""
    empty_value: Guess[Verdict] = "accepted"
    """A variable with an empty value; the web page refuses it."""
    secured_change: Sure[Literal["sticks", "ignored", "refused"]] = "sticks"
    """Plain to secured or back by PUT: works in tests of two clients; one note calls it impossible.
    `ignored` stores the new value and leaves the storage as it was."""
    secured_value_in_lists: Sure[SecuredValue] = "absent"
    """`value` of a secured variable in lists."""
    secured_value_in_answers: Sure[SecuredValue] = "absent"
    """`value` of a secured variable in the answer to a write."""
    created_variable: Sure[Literal["camel-case", "documented"]] = "camel-case"
    """The 201 of a variable: camelCase without `type`, or as the description has it."""

    # Authentication and rate limits
    scopes_checked: Sure[bool] = True
    """Whether a credential needs the right scopes (403 with what is required)."""
    bearer_write_scope: Guess[Literal["pipeline", "pipeline:write"]] = "pipeline:write"
    """Scope a bearer token needs to write environments; documented: `pipeline`."""
    oauth_expires_in: Likely[Annotated[Count, Meta(examples=[7200])]] = 7200
    """Seconds after which a token of an OAuth consumer answers 401 `Access token expired.`"""
    rate_limit: Sure[Annotated[Count, Meta(examples=[0])]] = 0
    """Requests a credential may send in any hour to `/2.0/repositories/…`; 0 means no limit
    (Bitbucket's is 1,000, for some access tokens up to 10,000; off here, so that rehearsals are not
    cut short)."""
    rate_limit_headers: Sure[bool] = True
    """`X-RateLimit-Limit`, `-Resource`, `-NearLimit` on answers to access tokens."""
    rate_limit_retry_after: Guess[RetryAfter] = "absent"
    """`Retry-After` on a 429; never seen live, may come in either form."""
    rate_limit_reset: Guess[bool] = False
    """`x-ratelimit-reset` on a 429: seconds to wait, seen on anonymous calls."""
    rate_limit_body: Sure[RateLimitBody] = "text"
    """Body of a 429: bare text in live logs, JSON was seen too."""

    # Repositories
    pipelines_config_lag_seconds: Sure[Seconds] = 0.0
    """Seconds for which `pipelines_config` shows the old value after a PUT."""
    new_repository_404_seconds: Sure[Annotated[Seconds, Meta(examples=[0.0])]] = 0.0
    """Seconds for which a repository answers 404 after it was created."""
    renamed_repository: Likely[Literal["301", "302", "308", "404"]] = "301"
    """Answer under the former slug of a renamed repository: a redirect with the new address in
    `Location` (seen in 2019 on GET), or 404. Which status, and what writes get, is unknown."""

    # Everything else
    enabling_creates_defaults: Likely[bool] = True
    """Whether Test, Staging and Production appear when Pipelines is first enabled."""
    branch_endpoint: Likely[Literal["working", "bearer-only", "401", "404"]] = "working"
    """What the internal endpoint of branch restrictions answers; last seen working in 2022.
    `bearer-only`: Basic gets 403, as under other internal paths in 2026."""
    raw_braces: Sure[Verdict] = "refused"
    """Braces of a uuid in a path that are not percent-encoded."""
    trailing_slash: Guess[Literal["tolerated", "observed"]] = "tolerated"
    """`tolerated`: a trailing slash is accepted everywhere. `observed`: accepted on `environments`
    and `changes`, 403 on `variables` with an API token, 404 elsewhere."""
    error_bodies: Sure[Literal["observed", "documented"]] = "observed"
    """`documented`: every error in the published shape, whatever other switches say."""


class SwitchError(ValueError):
    """A switch that does not exist, or a value that it does not take."""


class Switch(Struct, frozen=True, kw_only=True):
    """One switch, described.

    Attributes:
        name: Name of the field of `Switches`.
        type: Type of its values, with constraints.
        choices: Every value it takes; empty for a number.
        default: Its value under the profile `observed`.
        certainty: How sure the default is.
        meaning: One or two sentences.
        samples: Values that random switches are drawn from.
    """

    name: str
    type: Any
    choices: tuple[SwitchValue, ...]
    default: SwitchValue
    certainty: Certainty
    meaning: str
    samples: tuple[SwitchValue, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values it takes, as text; a number is described."""
        if self.choices:
            return tuple(show(each) for each in self.choices)
        return ("seconds from 0",) if isinstance(self.default, float) else ("a number from 0",)

    def parse(self, text: str) -> SwitchValue:
        """Return the value that a text means.

        Raises:
            SwitchError: The switch does not take it.
        """
        try:
            value: SwitchValue = msgspec.convert(text.strip().lower(), self.type, strict=False)
        except msgspec.ValidationError:
            value = math.nan
        if isinstance(value, float) and not math.isfinite(value):
            takes = " | ".join(self.values)
            raise SwitchError(f"Switch {self.name!r} does not take {text!r}; it takes {takes}.")
        return value


def show(value: SwitchValue) -> str:
    """Return the value of a switch as text that `Switch.parse` understands."""
    return str(value).lower()


def parse_switch(name: str, text: str) -> SwitchValue:
    """Return the value that a text means for the switch of this name.

    Raises:
        SwitchError: There is no such switch, or it does not take this value.
    """
    if name not in SWITCHES:
        raise SwitchError(f"There is no switch {name!r}; --list-switches shows all of them.")
    return SWITCHES[name].parse(text)


def with_values(switches: Switches, values: Mapping[str, SwitchValue]) -> Switches:
    """Return the switches with some of them set.

    Raises:
        msgspec.ValidationError: A switch does not exist, or does not take its value.
    """
    return msgspec.convert(msgspec.structs.asdict(switches) | dict(values), Switches)


def _meanings() -> dict[str, str]:
    """Return the text below each field of `Switches`, on one line."""
    found: dict[str, str] = {}
    (declared,) = ast.parse(inspect.getsource(Switches)).body
    for declaration, text in pairwise(ast.iter_child_nodes(declared)):
        match declaration, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(meaning))):
                found[name] = " ".join(meaning.split())
            case _:
                continue
    return found


def _describe() -> dict[str, Switch]:
    described = {}
    hints = get_type_hints(Switches, include_extras=True)
    meanings = _meanings()
    for each in msgspec.structs.fields(Switches):
        kind, *metadata = get_args(hints[each.name])
        choices = (False, True) if kind is bool else get_args(kind)
        examples = [extra.examples for extra in metadata if isinstance(extra, Meta)]
        (certainty,) = (extra for extra in metadata if isinstance(extra, Certainty))
        described[each.name] = Switch(
            name=each.name,
            type=hints[each.name],
            choices=choices,
            default=each.default,
            certainty=certainty,
            meaning=meanings[each.name],
            samples=tuple(examples[-1] or ()) if examples else choices,
        )
    return described


SWITCHES: Final[Mapping[str, Switch]] = _describe()
"""Every switch by its name, in the order of their declaration."""
