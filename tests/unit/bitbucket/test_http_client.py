"""HTTP clients: identification, certificates, proxies."""

import ssl
from pathlib import Path

import httpx
import pytest

from pipe import VERSION
from pipe.bitbucket import http_client
from pipe.bitbucket.http_client import HttpClient, open_connections
from pipe.bitbucket.pools import BoundedTransport
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.process.context import Stop


def open_with(**environ: str) -> httpx.BaseTransport:
    return open_connections(environ=environ, stop=Stop())


def errors_of(**environ: str) -> tuple[ConfigError, ...]:
    with pytest.raises(ConfigurationError) as caught:
        open_with(**environ)
    return caught.value.errors


def test_a_request_identifies_the_pipe_and_carries_no_more_than_it_must() -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        headers = {"Set-Cookie": "session=1", "Location": "https://elsewhere.example/"}
        return httpx.Response(302, headers=headers)

    client = HttpClient("https://api.bitbucket.example", httpx.MockTransport(handle))
    for _ in range(2):
        response = client.send("GET", "/2.0/x", headers={}, content=None, timeout=httpx.Timeout(5))
        assert response.status_code == 302

    assert {str(each.url) for each in requests} == {"https://api.bitbucket.example/2.0/x"}
    assert dict(requests[1].headers) == {
        "host": "api.bitbucket.example",
        "user-agent": f"bitbucket-environment/{VERSION}",
        "accept": "application/json",
        "accept-encoding": "gzip",  # others are not decompressed
    }


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY", "https_proxy"])
@pytest.mark.parametrize(
    "address",
    [
        "gopher://user:canary@proxy.example:70",
        "socks5://user:canary@proxy.example:1080",
        "http://user:canary@proxy.example:port",
        "http://user:canary@proxy.example:0",
        "http://user:canary@proxy.example:65536",
        "user:canary@proxy.example:port",
        "http://user:canary@",
        "http://user:canary@999.999.999.999",
        "http://user:canary@xn--.example:80",
        "http://user:canary@proxy.example:80\n",
    ],
)
def test_an_unusable_proxy_is_a_configuration_error_without_its_value(
    variable: str, address: str
) -> None:
    (error,) = errors_of(**{variable: address})

    assert error.source == variable.upper()
    assert "http://host:port" in error.message
    assert "canary" not in error.message


@pytest.mark.parametrize(
    "exempt",
    ["localhost,::1/128", "a,,b:port", "https://a.example:port", "xn--.example", "https://"],
)
def test_an_unusable_exemption_is_a_configuration_error(exempt: str) -> None:
    (error,) = errors_of(NO_PROXY=exempt)

    assert error.source == "NO_PROXY"


def test_all_errors_of_proxies_are_reported_together() -> None:
    errors = errors_of(HTTPS_PROXY="x://", ALL_PROXY="http://:1", NO_PROXY="::1/128")

    assert [each.source for each in errors] == ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]


@pytest.mark.parametrize(
    ("exempt", "url", "is_proxied"),
    [
        ("", "https://api.example", True),
        (" , ", "https://api.example", True),
        ("*", "https://api.example", False),
        ("localhost, *", "https://api.example", False),
        ("", "http://api.example", False),
        ("api.example", "https://api.example", False),
        ("other.example, API.example", "https://api.example", False),
        ("example", "https://api.example", False),
        (".example", "https://api.example", False),
        ("*.example", "https://api.example", False),
        ("pi.example", "https://api.example", True),
        ("api.example.org", "https://api.example", True),
        ("*.example:8443", "https://api.example:8443", False),
        ("*.example:8443", "https://api.example", True),
        ("https://api.example", "https://api.example", False),
        ("http://api.example", "https://api.example", True),
        ("127.0.0.1", "https://127.0.0.1:8443", False),
        ("27.0.0.1", "https://127.0.0.1", True),
        ("10.0.0.0/8", "https://10.1.1.1", True),
        ("::1", "https://[::1]:8443", False),
        ("::1", "https://api.example", True),
    ],
)
def test_a_proxy_is_used_for_https_except_for_exempt_hosts(
    monkeypatch: pytest.MonkeyPatch, exempt: str, url: str, is_proxied: bool
) -> None:
    found: list[bool] = []

    class Recorded(httpx.BaseTransport):
        def __init__(self, *, proxy: httpx.Proxy | None = None, **_: object) -> None:
            self._is_proxied = proxy is not None

        def handle_request(self, _: httpx.Request) -> httpx.Response:
            found.append(self._is_proxied)
            return httpx.Response(204)

    monkeypatch.setattr(http_client, "BoundedTransport", Recorded)
    with open_with(HTTPS_PROXY="proxy.example:3128", NO_PROXY=exempt) as connections:
        connections.handle_request(httpx.Request("GET", url))

    assert found == [is_proxied]


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_unreadable_certificates_are_a_configuration_error(
    tmp_path: Path, content: str | None
) -> None:
    certificates = tmp_path / "ca.pem"
    if content is not None:
        certificates.write_text(content)

    (error,) = errors_of(SSL_CERT_FILE=str(certificates))

    assert error.source == "SSL_CERT_FILE"


def test_a_missing_directory_of_certificates_is_a_configuration_error(tmp_path: Path) -> None:
    (error,) = errors_of(SSL_CERT_DIR=str(tmp_path / "nowhere"))

    assert error.source == "SSL_CERT_DIR"


@pytest.mark.parametrize("directory", ["", "nowhere"])
def test_the_certificates_of_the_http_client_are_used_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, directory: str
) -> None:
    monkeypatch.setattr(http_client, "_SYSTEM_CERTIFICATES", tmp_path / directory)
    loaded: list[bool] = []

    def create(*, trust_env: bool) -> ssl.SSLContext:
        loaded.append(trust_env)
        return ssl.create_default_context()

    monkeypatch.setattr(httpx, "create_ssl_context", create)
    with open_with():
        assert loaded == [False]


def test_the_certificates_of_the_system_are_used_where_it_has_a_hashed_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "002c0b4f.0").touch()
    monkeypatch.setattr(http_client, "_SYSTEM_CERTIFICATES", tmp_path)
    monkeypatch.delattr(httpx, "create_ssl_context")

    with open_with() as connections:
        assert isinstance(connections, BoundedTransport)
