"""How HTTP requests are sent: whom they trust, through which proxies, and with which headers."""

import re
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

import httpx
from msgspec import Struct

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
_ANY_SCHEME: Final = "all"

_HEADERS: Final = {
    "User-Agent": f"bitbucket-environment/{VERSION}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}

IN_PIPE_API: Final = "http://api.bitbucket.org"
"""Base URL for requests through the proxy beside a step; that goes on to `https`."""

_IN_PIPE_PROXY: Final = "http://host.docker.internal:29418"


class HttpClient(Struct, frozen=True, eq=False):
    """Sends requests to one service. Safe to share between threads.

    In place of `httpx.Client`, whose cookies, redirections and authentication are not wanted here:
    credentials go nowhere else, and a fleet takes a tenth less processor time.

    Attributes:
        base_url: Where paths begin, without a slash at the end.
        transport: Carries requests.
    """

    base_url: str
    transport: httpx.BaseTransport

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: httpx.Timeout,
    ) -> httpx.Response:
        """Return a response whose body is not read yet; the caller closes it.

        Args:
            method: Of the request.
            url: A path with its query, or a whole URL.
            headers: Beside those of every request.
            content: The body, if there is one.
            timeout: For each part of the exchange.

        Raises:
            httpx.RequestError: There is no response.
        """
        request = httpx.Request(
            method,
            f"{self.base_url}{url}" if url.startswith("/") else url,
            headers={**_HEADERS, **headers},
            content=content,
            extensions={"timeout": timeout.as_dict()},
        )
        return self.transport.handle_request(request)


def open_connections(*, environ: Mapping[str, str], stop: Stop) -> httpx.BaseTransport:
    """Return what carries requests to Bitbucket.

    Plain http never goes through a proxy: it is for this machine or the host of the step, and a
    proxy would see the credentials.

    Args:
        environ: Holds `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
        stop: Ends requests that are under way soon after a stop was requested.

    Raises:
        ConfigurationError: What `environ` says about proxies or certificates can't be used.
    """
    proxy, exempt = _read_proxies(environ)
    tls = _tls_context(environ)
    backend = BoundedBackend(stop)
    direct = BoundedTransport(backend=backend, tls=tls)
    if proxy is None:
        return direct
    proxied = BoundedTransport(backend=backend, tls=tls, proxy=proxy)
    return _Routes(direct=direct, proxied=proxied, exempt=exempt)


def open_in_pipe_connections(stop: Stop) -> httpx.BaseTransport:
    """Return what carries requests to Bitbucket through the proxy beside every step of a pipeline.

    That proxy authenticates requests itself, so none carries credentials over plain http. It is
    known to serve Code Insights reports only.
    """
    return BoundedTransport(
        backend=BoundedBackend(stop),
        tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used: everything is plain http
        proxy=httpx.Proxy(_IN_PIPE_PROXY),
    )


class _Routes(httpx.BaseTransport):
    """Sends what is https through a proxy, except to exempt hosts; all else directly."""

    def __init__(
        self,
        *,
        direct: httpx.BaseTransport,
        proxied: httpx.BaseTransport,
        exempt: Sequence[httpx.URL],
    ) -> None:
        self._direct = direct
        self._proxied = proxied
        self._exempt = exempt

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        is_direct = url.scheme != "https" or any(_includes(each, url) for each in self._exempt)
        return (self._direct if is_direct else self._proxied).handle_request(request)

    def close(self) -> None:
        self._direct.close()
        self._proxied.close()


def _includes(exempt: httpx.URL, url: httpx.URL) -> bool:
    """Return whether an item of `NO_PROXY` exempts a URL; a domain exempts its subdomains too."""
    return (
        exempt.scheme in (_ANY_SCHEME, url.scheme)
        and exempt.port in (None, url.port)
        and f".{url.host}".endswith(f".{exempt.host.lstrip('*.')}")
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


def _read_proxies(
    environ: Mapping[str, str],
) -> tuple[httpx.Proxy | None, tuple[httpx.URL, ...]]:
    """Return the proxy for https, if there is one, and what is exempt from it.

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
    items = [item.strip() for item in _either_case(environ, "NO_PROXY").split(",")]
    exempt = [_read_exemption(item) for item in items if item and item != "*"]
    if None in exempt:
        message = (
            "not a list of host names, domains and IP addresses; IPv6 ranges are not supported"
        )
        errors.append(ConfigError("NO_PROXY", message))
    if errors:
        raise ConfigurationError(tuple(errors))
    # HTTP_PROXY is validated only: plain http is never sent through a proxy.
    used = proxies.get("HTTPS_PROXY") or proxies.get("ALL_PROXY")
    return None if "*" in items else used, tuple(filter(None, exempt))


def _either_case(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.lower()) or environ.get(name) or ""


def _read_proxy(address: str) -> httpx.Proxy | None:
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        url, host = proxy.url, proxy.url.host  # reading an encoded host name can fail
    except (ValueError, httpx.InvalidURL):
        return None
    if url.scheme not in _PROXY_SCHEMES or not host or not _is_port(url.port):
        return None
    return proxy


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port <= _HIGHEST_PORT


def _read_exemption(item: str) -> httpx.URL | None:
    """Return an item of `NO_PROXY`, with a scheme; `None` if it can't be used."""
    try:
        host = f"[{IPv6Address(item)}]"
    except ValueError:
        host = item
    try:
        exempt = httpx.URL(item if "://" in item else f"{_ANY_SCHEME}://{host}")
        is_host = bool(exempt.host)  # reading an encoded host name can fail
    except (ValueError, httpx.InvalidURL):
        return None
    return exempt if is_host else None
