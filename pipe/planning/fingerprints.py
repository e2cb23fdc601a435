"""Keyed fingerprints of secured values, so that an unchanged secret is not rewritten (pure).

Bitbucket never shows a secured value. A fingerprint is HMAC-SHA-256 under the user's own key over
the owner (an environment's uuid or a repository's slugs), the variable's key and its value,
truncated to 128 bits: without the key it says nothing about the value, and it can't be moved to
another owner or variable.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from pipe.models.declaration import SecuredVariable
from pipe.models.existing import VariableOwner

FORMAT: Final = 1
_HEX_DIGITS: Final = 32  # 128 bits


def bound_to(owner: VariableOwner) -> str:
    """Return what the fingerprints of an owner's variables are bound to.

    Bitbucket finds a repository by its slugs in any case, so every spelling is the same owner.
    """
    return owner.environment_uuid or str(owner.repository).casefold()


def fingerprint(key: SecretStr, bound_to: str, variable: SecuredVariable) -> str:
    """Return the fingerprint of a secured value: 32 hexadecimal digits."""
    # JSON keeps the three parts apart: no two triples make the same message.
    message = json.dumps([FORMAT, bound_to, variable.key, variable.value.get_secret_value()])
    digest = hmac.new(key.get_secret_value().encode(), message.encode(), hashlib.sha256)
    return digest.hexdigest()[:_HEX_DIGITS]


def dump(fingerprints: Mapping[str, str], *, mark: str | None = None) -> str:
    """Write fingerprints by variable key as the value of the variable that keeps them.

    A mark identifies a run that is writing secured values, whose fingerprints are not in it yet.
    """
    marked = {} if mark is None else {"run": mark}
    return json.dumps(
        {"version": FORMAT, "hmac-sha256-128": dict(sorted(fingerprints.items())), **marked},
        separators=(",", ":"),
    )


def load(value: str | None) -> dict[str, str]:
    """Read fingerprints by variable key; what is damaged counts as missing.

    A missing fingerprint only costs another write, while a wrong one would leave an outdated
    secret in place.
    """
    entries = _document(value).get("hmac-sha256-128")
    if not isinstance(entries, dict):
        return {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, str)}


def load_mark(value: str | None) -> object:
    """Read the mark of the run that is writing secured values; `None`: there is none."""
    return _document(value).get("run")


def _document(value: str | None) -> dict[str, object]:
    try:
        document = json.loads(value or "")
    except (ValueError, RecursionError):
        return {}
    known = isinstance(document, dict) and document.get("version") == FORMAT
    return document if known else {}
