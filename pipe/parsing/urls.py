"""URLs that requests, and credentials with them, may be sent to (pure)."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pipe.parsing.suggestions import quoted

_PLAIN_HOSTS: Final = ("localhost", "host.docker.internal")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~%-]+)*")
_VERSION: Final = "/2.0"


def api_url(text: str) -> str:
    """Read the base URL of the API; a trailing slash or `/2.0` is removed."""
    return url(text).rstrip("/").removesuffix(_VERSION).rstrip("/")


def url(text: str) -> str:
    """Read a URL that credentials may be sent to.

    Plain `http` would send them unencrypted, so it is allowed for this machine only.

    Raises:
        ValueError: The URL is invalid; a password in it is not quoted.
    """
    parts = _split(text)
    if parts is None:
        raise ValueError("not a valid URL; expected for example https://api.bitbucket.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("contains a user name or password; set credentials in their own variables")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"{quoted(text)} has a query or fragment (after ? or #); remove it")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        raise ValueError(
            f"{quoted(text)} would send credentials unencrypted; use https://"
            f" (plain http is allowed for a loopback address or {_PLAIN_HOSTS[1]} only)"
        )
    return parts.geturl()


def _split(text: str) -> SplitResult | None:
    """Split a URL; `None`: it is not one, or a server could read it differently."""
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
    if _is_address(host):
        return True
    # A name that ends in a number is read as an IPv4 address by every resolver.
    last_label = host.rpartition(".")[2]
    is_name = _HOST.fullmatch(host) is not None and not last_label.isdecimal()
    return is_name and "[" not in parts.netloc and _is_decodable(host)


def _is_decodable(host: str) -> bool:
    """Return whether the HTTP client can read each label that is encoded (`xn--`)."""
    if "xn--" not in host:
        return True
    from httpx import URL, InvalidURL  # noqa: PLC0415 - slow; only for an encoded name

    try:
        return bool(URL(f"https://{host}").host)
    except (InvalidURL, UnicodeError):
        return False


def _is_this_machine(host: str) -> bool:
    return host in _PLAIN_HOSTS or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
