"""HTTP clients: whom they trust, which proxies they use, and how they introduce themselves."""

import re
import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

import httpx

from pipe import VERSION
from pipe.bitbucket.pools import BoundedTransport
from pipe.bitbucket.sockets import BoundedBackend
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.process.context import Stop

_SYSTEM_CERTIFICATES: Final = Path("/etc/ssl/certs")
_HASHED_NAME: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""How OpenSSL names certificates that it finds without reading all of them."""

_PROXY_VARIABLES: Final = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY")
_PROXY_SCHEMES: Final = ("http", "https")
_HIGHEST_PORT: Final = 65_535

_HEADERS: Final = {
    "User-Agent": f"bitbucket-environment/{VERSION}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}

_IN_PIPE_API: Final = "http://api.bitbucket.org"
_IN_PIPE_PROXY: Final = "http://host.docker.internal:29418"


def open_client(*, base_url: str, environ: Mapping[str, str], stop: Stop) -> httpx.Client:
    """Return an HTTP client for `base_url`.

    Plain http never goes through a proxy: it is for this machine or the host of the step, and a
    proxy would see the credentials.

    Args:
        base_url: Base URL of the API.
        environ: Holds `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
        stop: Ends requests that are under way soon after a stop was requested.

    Raises:
        ConfigurationError: What `environ` says about proxies or certificates can't be used.
    """
    proxies = _read_proxies(environ)
    tls = _tls_context(environ)
    backend = BoundedBackend(stop)

    def transport(proxy: httpx.Proxy | None) -> BoundedTransport:
        return BoundedTransport(backend=backend, tls=tls, proxy=proxy)

    mounts = {
        pattern: None if proxy is None else transport(proxy) for pattern, proxy in proxies.items()
    }
    return _client(base_url, transport(None), mounts)


def open_in_pipe_client(stop: Stop) -> httpx.Client:
    """Return a client that reaches Bitbucket through the proxy beside every step of a pipeline.

    That proxy authenticates requests itself, so none carries credentials over plain http. It is
    known to serve Code Insights reports only.
    """
    transport = BoundedTransport(
        backend=BoundedBackend(stop),
        tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used: everything is plain http
        proxy=httpx.Proxy(_IN_PIPE_PROXY),
    )
    return _client(_IN_PIPE_API, transport, {})


def _client(
    base_url: str, transport: BoundedTransport, mounts: Mapping[str, BoundedTransport | None]
) -> httpx.Client:
    """Return a client that neither keeps nor sends cookies, and follows no redirection."""
    return httpx.Client(
        base_url=base_url,
        headers=_HEADERS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        transport=transport,
        mounts=mounts,
        follow_redirects=False,
    )


def _tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts the given certificates, else those of the system.

    A hashed directory is read only as far as a connection needs it. Where the system has none,
    the certificates that come with the HTTP client are trusted.
    """
    file, directory = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if directory and not Path(directory).is_dir():
        raise ConfigurationError((ConfigError("SSL_CERT_DIR", "not a directory"),))
    if not file and not directory:
        if not _is_hashed(_SYSTEM_CERTIFICATES):
            return httpx.create_ssl_context(trust_env=False)
        directory = str(_SYSTEM_CERTIFICATES)
    try:
        return ssl.create_default_context(cafile=file or None, capath=directory or None)
    except OSError as error:
        message = f"the certificates cannot be read: {error.strerror or 'not a PEM file'}"
        raise ConfigurationError((ConfigError("SSL_CERT_FILE", message),)) from error


def _is_hashed(directory: Path) -> bool:
    try:
        return any(_HASHED_NAME.fullmatch(each.name) for each in directory.iterdir())
    except OSError:
        return False


def _read_proxies(environ: Mapping[str, str]) -> dict[str, httpx.Proxy | None]:
    """Return the proxy of each pattern of URLs, `None` where there is none.

    Raises:
        ConfigurationError: A proxy or an exemption can't be used. Its value is not shown: it may
            hold a password.
    """
    errors: list[ConfigError] = []
    proxies: dict[str, httpx.Proxy] = {}
    for variable in _PROXY_VARIABLES:
        if address := _either_case(environ, variable):
            proxy = _read_proxy(address)
            if proxy is None:
                message = "not a usable proxy; expected http://host:port or https://host:port"
                errors.append(ConfigError(variable, message))
            else:
                proxies[variable] = proxy
    exempt = [item.strip() for item in _either_case(environ, "NO_PROXY").split(",")]
    patterns = [_pattern(item) for item in exempt if item and item != "*"]
    if not all(map(_is_valid, patterns)):
        message = (
            "not a list of host names, domains and IP addresses; IPv6 ranges are not supported"
        )
        errors.append(ConfigError("NO_PROXY", message))
    if errors:
        raise ConfigurationError(tuple(errors))
    # HTTP_PROXY is validated only: plain http is never sent through a proxy.
    used = proxies.get("HTTPS_PROXY") or proxies.get("ALL_PROXY")
    if used is None or "*" in exempt:
        return {}
    return {"https://": used} | dict.fromkeys(patterns)


def _either_case(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.lower()) or environ.get(name) or ""


def _read_proxy(address: str) -> httpx.Proxy | None:
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        return None
    url = proxy.url
    if url.scheme not in _PROXY_SCHEMES or not url.host or not _is_port(url.port):
        return None
    return proxy


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port <= _HIGHEST_PORT


def _pattern(exempt: str) -> str:
    """Return the httpx pattern of an item of `NO_PROXY`; a domain exempts its subdomains too."""
    if "://" in exempt:
        return exempt
    try:
        return f"all://[{IPv6Address(exempt)}]"
    except ValueError:
        return (
            f"all://{exempt}" if exempt.lower() == "localhost" else f"all://*{exempt.lstrip('*')}"
        )


def _is_valid(pattern: str) -> bool:
    try:
        httpx.URL(pattern)
    except httpx.InvalidURL:
        return False
    return True
