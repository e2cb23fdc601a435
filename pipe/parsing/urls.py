"""Where requests may go (pure)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pipe.parsing.wording import quoted

_PLAIN_HOSTS: Final = ("localhost", "host.docker.internal")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~%-]+)*")
_VERSION: Final = "/2.0"


def api_url(text: str) -> str:
    """Read the base of the API; a slash or `/2.0` at its end goes without saying."""
    return url(text).rstrip("/").removesuffix(_VERSION).rstrip("/")


def url(text: str) -> str:
    """Read a URL that credentials may be sent to.

    Plain `http` would show them to whoever listens, so it is for this machine only.

    Raises:
        ValueError: With what is wrong; a password in the URL is not shown.
    """
    parts = _split(text)
    if parts is None:
        message = "is not a URL such as https://api.bitbucket.org"
        raise ValueError(message)
    if parts.username is not None or parts.password is not None:
        message = "holds a user name or password; give credentials in their own variables"
        raise ValueError(message)
    if parts.query or parts.fragment or "?" in text or "#" in text:
        message = f"{quoted(text)} has a part after ? or #; leave that out"
        raise ValueError(message)
    if parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        message = (
            f"{quoted(text)} would send credentials unencrypted; write https://"
            f" (plain http is for a loopback address or {_PLAIN_HOSTS[1]})"
        )
        raise ValueError(message)
    return parts.geturl()


def _split(text: str) -> SplitResult | None:
    """Take a URL apart; `None`: it is none, or a server could misread it."""
    if not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or port == 0 or not _is_host(parts):
        return None
    return parts if _PATH.fullmatch(parts.path.rstrip("/")) else None


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return _is_address(host) or ("[" not in parts.netloc and _HOST.fullmatch(host) is not None)


def _is_this_machine(host: str) -> bool:
    return host in _PLAIN_HOSTS or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
