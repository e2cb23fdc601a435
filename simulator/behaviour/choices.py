"""What the switches choose between."""

from __future__ import annotations

from enum import StrEnum


class ErrorShape(StrEnum):
    """The bodies in which Bitbucket's services and gateways tell an error."""

    SERVICE = "service"
    MESSAGE = "message"
    DATA = "data"
    DETAIL = "detail"
    FIELDS = "fields"
    TEXT = "text"
    HTML = "html"
    EMPTY = "empty"


class ErrorBodies(StrEnum):
    """Whether errors look as they were seen, or all as the published schema has them."""

    OBSERVED = "observed"
    DOCUMENTED = "documented"


class Clash(StrEnum):
    """The status of an answer to what already exists."""

    BAD_REQUEST = "400"
    CONFLICT = "409"


class RenameClash(StrEnum):
    """The answer to a rename onto the name of another environment."""

    BAD_REQUEST = "400"
    CONFLICT = "409"
    IGNORED = "ignored"


class Comparison(StrEnum):
    """When two names are the same."""

    EXACT = "exact"
    CASEFOLD = "casefold"


class Verdict(StrEnum):
    """Whether something is taken or turned down."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class Extra(StrEnum):
    """What becomes of a change of a field other than name and restrictions."""

    REFUSED = "refused"
    IGNORED = "ignored"
    APPLIED = "applied"


class AtCreation(StrEnum):
    """What becomes of `restrictions` in the body that creates an environment."""

    HONOURED = "honoured"
    IGNORED = "ignored"


class Plan(StrEnum):
    """Whether the workspace has deployment permissions; if not, what `admin_only` meets."""

    PREMIUM = "premium"
    IGNORED = "ignored"
    PAYMENT_REQUIRED = "402"
    FORBIDDEN = "403"


class Deletion(StrEnum):
    """What is left of a deleted environment; what is left has another name."""

    GONE = "gone"
    READABLE = "readable"
    LISTED = "listed"


class NextLink(StrEnum):
    """What `next` is worth on lists of environments and variables."""

    RIGHT = "right"
    MISSING = "missing"
    REPEATING = "repeating"
    PAST_THE_END = "past-the-end"
    OTHER_HOST = "other-host"


class Order(StrEnum):
    """The order of lists."""

    STABLE = "stable"
    SHUFFLED = "shuffled"


class SecuredValue(StrEnum):
    """What stands in place of the value of a secured variable."""

    ABSENT = "absent"
    NULL = "null"
    EMPTY = "empty"


class SecuredChange(StrEnum):
    """What a PUT does that turns a plain variable into a secured one, or back."""

    STICKS = "sticks"
    IGNORED = "ignored"
    REFUSED = "refused"


class RetryAfter(StrEnum):
    """Whether a 429 carries `Retry-After`, and in which form."""

    ABSENT = "absent"
    SECONDS = "seconds"
    DATE = "date"


class LimitBody(StrEnum):
    """The body of a 429."""

    JSON = "json"
    TEXT = "text"


class Internal(StrEnum):
    """What the internal endpoint of branch restrictions does."""

    WORKING = "working"
    UNAUTHORIZED = "401"
    NOT_FOUND = "404"


class EnvironmentKeys(StrEnum):
    """Which keys an environment has in answers."""

    MINIMAL = "minimal"
    FULL = "full"
    EXTENDED = "extended"


class CreatedVariable(StrEnum):
    """The body of a 201 for a variable."""

    CAMEL_CASE = "camel-case"
    DOCUMENTED = "documented"


class EnvironmentNames(StrEnum):
    """Which names an environment may have."""

    ANY = "any"
    WEB = "web"


class VariableKeys(StrEnum):
    """Which keys a variable may have."""

    CLASSIC = "classic"
    DOTS_AND_DASHES = "dots-and-dashes"


class Slash(StrEnum):
    """What a slash at the end of a path does where it does not belong."""

    OBSERVED = "observed"
    TOLERATED = "tolerated"


class WriteScope(StrEnum):
    """The scope that a bearer token needs to write environments."""

    PIPELINE = "pipeline"
    PIPELINE_WRITE = "pipeline:write"


class Oversized(StrEnum):
    """What asking for more than 100 items a page does."""

    CLAMPED = "clamped"
    REFUSED = "refused"


class SlugClash(StrEnum):
    """What happens when the slug of a name is taken by another environment."""

    SUFFIX = "suffix"
    SHARED = "shared"
    REFUSED = "refused"
