"""Every doubtful fact about Bitbucket as a named switch.

A switch is declared once, in `Switches`: its name, the values it takes, how sure the default is,
what it means, and the default, which is the best evidence there is. The command line, the control
API, the documentation and the random switches of tests are derived from that.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

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
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0)]


class Certainty(StrEnum):
    """How sure the default of a switch is."""

    SURE = "sure"
    LIKELY = "likely"
    GUESS = "guess"


class Fact(Struct, frozen=True):
    """What a switch is about.

    Attributes:
        certainty: How sure the default is.
        meaning: One or two sentences.
        samples: Values that random switches are drawn from; empty: all values.
    """

    certainty: Certainty
    meaning: str
    samples: tuple[SwitchValue, ...] = ()


def sure(meaning: str, *samples: SwitchValue) -> Fact:
    """Return a fact that was seen live, or on which two independent clients rely."""
    return Fact(Certainty.SURE, meaning, samples)


def likely(meaning: str, *samples: SwitchValue) -> Fact:
    """Return a fact from one working client or one credible report."""
    return Fact(Certainty.LIKELY, meaning, samples)


def guess(meaning: str, *samples: SwitchValue) -> Fact:
    """Return a fact from the published description alone, or from inference."""
    return Fact(Certainty.GUESS, meaning, samples)


_COUNTS: Final = (0, 1, 3)
_SECONDS: Final = (0.0, 0.5, 3.0)


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this Bitbucket behaves wherever the real one is doubtful."""

    # Creating environments
    duplicate_status: Annotated[
        Literal["409", "400"],
        likely(
            "Status of creating an environment whose name exists: 409 is documented and was met in "
            "2023, 400 was reported in 2020."
        ),
    ] = "409"
    duplicate_shape: Annotated[
        ErrorShape, guess("Body of that answer; no real one was ever published.")
    ] = "service"
    name_clash: Annotated[
        Comparison, guess("Whether names of environments clash exactly, or regardless of case.")
    ] = "casefold"
    slug_clash: Annotated[
        Literal["suffix", "shared", "refused"],
        guess(
            "Creating or renaming an environment whose slug another one has: the slug gets a "
            "numbered suffix, is `shared`, or the request is `refused` with 400."
        ),
    ] = "suffix"
    environment_names: Annotated[
        Literal["api", "web", "any"],
        likely(
            "`api`: letters, digits, spaces, `_`, `-`. `web`: the same, at most 30 characters. "
            "`any`: every name that is not blank."
        ),
    ] = "api"
    environment_limit: Annotated[
        Count,
        likely("Environments a repository may have; 0 means no limit. The error is unknown.", 100),
    ] = 100
    passing_400_creates: Annotated[
        Count,
        likely(
            "How many times in a row creating an environment within two seconds of another "
            "creation answers a passing 400 without effect.",
            0,
            1,
            2,
        ),
    ] = 0
    admin_only_at_creation: Annotated[
        Literal["honoured", "ignored"],
        likely("Whether `restrictions.admin_only` in the body of a creation is honoured."),
    ] = "honoured"
    body_type_required: Annotated[
        bool,
        sure(
            "Whether the bodies for which the description requires `type` (environments, reports) "
            "must have it."
        ),
    ] = False

    # Changing and deleting environments
    change_lag_seconds: Annotated[
        Seconds,
        likely("Seconds between the 202 of a change and its effect; usually below one.", *_SECONDS),
    ] = 0.0
    change_lag_reads: Annotated[
        Count, likely("How many reads still show the old state after the 202.", *_COUNTS)
    ] = 0
    noop_change: Annotated[Verdict, guess("A change that sets what is already so.")] = "accepted"
    combined_change: Annotated[Verdict, likely("Name and restrictions in the same change.")] = (
        "accepted"
    )
    extra_changes: Annotated[
        Literal["refused", "ignored", "applied"],
        sure(
            "A change of another field (`environment_type`, `rank`, `hidden`, `lock`, "
            "`environment_lock_enabled`); some sites are said to apply them."
        ),
    ] = "refused"
    rename_clash: Annotated[
        Literal["400", "409", "ignored"],
        guess("Renaming onto an existing name; `ignored` answers 202 and changes nothing."),
    ] = "400"
    plan: Annotated[
        Literal["premium", "stored", "ignored", "402", "403"],
        guess(
            "Whether the workspace has deployment permissions (Premium); if not, whether "
            "`admin_only` is `stored` and read back as true without being enforced, silently "
            "ignored, or answers 402 or 403."
        ),
    ] = "premium"
    deletion: Annotated[
        Literal["gone", "readable", "listed"],
        likely(
            "A deleted environment is `gone`, still `readable` by uuid under another name, or "
            "even `listed` under that name."
        ),
    ] = "gone"
    environment_keys: Annotated[
        Literal["minimal", "full", "extended"],
        sure(
            "`minimal`: only the published `type`, `uuid`, `name`. `full`: the twelve keys seen. "
            "`extended`: also `change_request_config`, `lock_opener`, `triggerer`."
        ),
    ] = "full"

    # Lists
    environment_pagelen_ignored: Annotated[
        bool,
        likely("Whether `pagelen` is ignored on environments and up to 100 come in one page."),
    ] = True
    environment_second_page: Annotated[
        Literal["empty", "repeated"],
        guess("The page after the last one, where `pagelen` is ignored on environments."),
    ] = "empty"
    environment_page_size: Annotated[
        Count,
        guess(
            "Environments on a page when `pagelen` is not given and not ignored.",
            *(1, 10, 30),
        ),
    ] = 10
    variable_page_size: Annotated[
        Count, sure("Variables on a page when `pagelen` is not given.", 1, 10)
    ] = 10
    max_page_size: Annotated[
        Count, sure("The most items on a page, whatever `pagelen` says.", 2, 50, 100)
    ] = 100
    page_size_over_100: Annotated[
        Literal["lossy", "clamped", "refused"],
        sure(
            "What `pagelen` above 100 does. `lossy`: of variables, the first 100 come as if they "
            "were all of them."
        ),
    ] = "lossy"
    next_links: Annotated[
        Literal["right", "missing", "repeating", "past-the-end", "other-host"],
        sure(
            "Value of `next` in lists of environments and variables (BCLOUD-20796): each of the "
            "wrong ones was seen."
        ),
    ] = "right"
    page_has_size: Annotated[bool, sure("Whether pages have `size`.")] = True
    page_has_pagelen: Annotated[bool, sure("Whether pages have `pagelen`.")] = True
    page_has_number: Annotated[bool, sure("Whether pages have `page`.")] = True
    list_order: Annotated[
        Literal["stable", "shuffled"],
        sure(
            "The order of lists is undefined. `shuffled`: another one each time the first page is "
            "requested; the later pages follow it."
        ),
    ] = "stable"
    environment_list_lag_seconds: Annotated[
        Seconds,
        likely("Seconds for which the list of environments does not show a write.", *_SECONDS),
    ] = 0.0
    environment_list_lag_reads: Annotated[
        Count,
        likely("Reads for which the list of environments does not show a write.", *_COUNTS),
    ] = 0
    empty_environment_lists: Annotated[
        Count,
        guess("How many reads of the list of environments are empty after a write.", *_COUNTS),
    ] = 0
    variable_list_lag_seconds: Annotated[
        Seconds,
        sure(
            "Seconds for which the list of variables does not show a write: clients wait 1 to 7. "
            "Creating a key that exists answers 409 all the while.",
            0.0,
            0.5,
            3.0,
            7.0,
        ),
    ] = 0.0
    variable_list_lag_reads: Annotated[
        Count, sure("Reads for which the list of variables does not show a write.", *_COUNTS)
    ] = 0
    empty_variable_lists: Annotated[
        Count,
        sure(
            "How many reads of the list of variables are empty after a write (August 2026).",
            *_COUNTS,
        ),
    ] = 0

    # Variables
    unknown_environment_variables: Annotated[
        Literal["empty", "404"],
        likely(
            "Variables of an environment that does not exist. `empty`: GET answers 200 with an "
            "empty page, POST 201 and creates a variable that belongs to nothing."
        ),
    ] = "empty"
    variables_404_requests: Annotated[
        Count,
        likely(
            "How many requests for its variables answer 404 after an environment was created.",
            *_COUNTS,
        ),
    ] = 0
    variables_404_seconds: Annotated[
        Seconds,
        likely(
            "Seconds for which its variables answer 404 after an environment was created.",
            *_SECONDS,
        ),
    ] = 0.0
    duplicate_variable_shape: Annotated[
        ErrorShape,
        likely("Body of the 409 for a key that exists (also while the list does not show it)."),
    ] = "data"
    duplicate_variable_external_id: Annotated[
        bool,
        likely(
            "Whether that 409 gives the uuid of the existing variable in "
            "`error.data.arguments.externalId`."
        ),
    ] = True
    variable_key_clash: Annotated[
        Comparison,
        guess("Whether keys clash exactly, or regardless of case as on the web page."),
    ] = "exact"
    variable_keys: Annotated[
        Literal["classic", "dots-and-dashes"],
        likely(
            "`classic`: letters, digits, `_`, no leading digit. `dots-and-dashes`: `.` and `-` too."
        ),
    ] = "classic"
    empty_value: Annotated[
        Verdict, guess("A variable with an empty value; the web page refuses it.")
    ] = "accepted"
    secured_change: Annotated[
        Literal["sticks", "ignored", "refused"],
        sure(
            "Plain to secured or back by PUT: works in tests of two clients; one note calls it "
            "impossible. `ignored` stores the new value and leaves the storage as it was."
        ),
    ] = "sticks"
    secured_value_in_lists: Annotated[
        SecuredValue, sure("`value` of a secured variable in lists.")
    ] = "absent"
    secured_value_in_answers: Annotated[
        SecuredValue, sure("`value` of a secured variable in the answer to a write.")
    ] = "absent"
    created_variable: Annotated[
        Literal["camel-case", "documented"],
        sure("The 201 of a variable: camelCase without `type`, or as the description has it."),
    ] = "camel-case"

    # Authentication and rate limits
    scopes_checked: Annotated[
        bool, sure("Whether a credential needs the right scopes (403 with what is required).")
    ] = True
    bearer_write_scope: Annotated[
        Literal["pipeline", "pipeline:write"],
        guess("Scope a bearer token needs to write environments; documented: `pipeline`."),
    ] = "pipeline:write"
    oauth_expires_in: Annotated[
        Count,
        likely(
            "Seconds after which a token of an OAuth consumer answers 401 `Access token expired.`",
            7200,
        ),
    ] = 7200
    rate_limit: Annotated[
        Count,
        sure(
            "Requests a credential may send in any hour to `/2.0/repositories/…`; 0 means no "
            "limit (Bitbucket's is 1,000, for some access tokens up to 10,000; off here, so that "
            "rehearsals are not cut short).",
            0,
        ),
    ] = 0
    rate_limit_headers: Annotated[
        bool,
        sure("`X-RateLimit-Limit`, `-Resource`, `-NearLimit` on answers to access tokens."),
    ] = True
    rate_limit_retry_after: Annotated[
        RetryAfter, guess("`Retry-After` on a 429; never seen live, may come in either form.")
    ] = "absent"
    rate_limit_reset: Annotated[
        bool, guess("`x-ratelimit-reset` on a 429: seconds to wait, seen on anonymous calls.")
    ] = False
    rate_limit_body: Annotated[
        RateLimitBody, sure("Body of a 429: bare text in live logs, JSON was seen too.")
    ] = "text"

    # Repositories
    pipelines_config_lag_seconds: Annotated[
        Seconds,
        sure("Seconds for which `pipelines_config` shows the old value after a PUT.", *_SECONDS),
    ] = 0.0
    new_repository_404_seconds: Annotated[
        Seconds,
        sure("Seconds for which a repository answers 404 after it was created.", 0.0),
    ] = 0.0
    renamed_repository: Annotated[
        Literal["301", "302", "308", "404"],
        likely(
            "Answer under the former slug of a renamed repository: a redirect with the new address "
            "in `Location` (seen in 2019 on GET), or 404. Which status, and what writes get, is "
            "unknown."
        ),
    ] = "301"

    # Everything else
    enabling_creates_defaults: Annotated[
        bool,
        likely("Whether Test, Staging and Production appear when Pipelines is first enabled."),
    ] = True
    branch_endpoint: Annotated[
        Literal["working", "bearer-only", "401", "404"],
        likely(
            "What the internal endpoint of branch restrictions answers; last seen working in 2022. "
            "`bearer-only`: Basic gets 403, as under other internal paths in 2026."
        ),
    ] = "working"
    raw_braces: Annotated[
        Verdict, sure("Braces of a uuid in a path that are not percent-encoded.")
    ] = "refused"
    trailing_slash: Annotated[
        Literal["tolerated", "observed"],
        guess(
            "`tolerated`: a trailing slash is accepted everywhere. `observed`: accepted on "
            "`environments` and `changes`, 403 on `variables` with an API token, 404 elsewhere."
        ),
    ] = "tolerated"
    error_bodies: Annotated[
        Literal["observed", "documented"],
        sure("`documented`: every error in the published shape, whatever other switches say."),
    ] = "observed"


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
            message = f"Switch {self.name!r} does not take {text!r}; it takes {takes}."
            raise SwitchError(message)
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
        message = f"There is no switch {name!r}; --list-switches shows all of them."
        raise SwitchError(message)
    return SWITCHES[name].parse(text)


def with_values(switches: Switches, values: Mapping[str, SwitchValue]) -> Switches:
    """Return the switches with some of them set.

    Raises:
        msgspec.ValidationError: A switch does not exist, or does not take its value.
    """
    return msgspec.convert(msgspec.structs.asdict(switches) | dict(values), Switches)


def _describe() -> dict[str, Switch]:
    described = {}
    hints = get_type_hints(Switches, include_extras=True)
    for each in msgspec.structs.fields(Switches):
        kind, *metadata = get_args(hints[each.name])
        (fact,) = (extra for extra in metadata if isinstance(extra, Fact))
        choices = (False, True) if kind is bool else get_args(kind)
        described[each.name] = Switch(
            name=each.name,
            type=hints[each.name],
            choices=choices,
            default=each.default,
            certainty=fact.certainty,
            meaning=fact.meaning,
            samples=fact.samples or choices,
        )
    return described


SWITCHES: Final[Mapping[str, Switch]] = _describe()
"""Every switch by its name, in the order of their declaration."""
