"""HTTP clients: identification, certificates, proxies."""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pipe import VERSION
from pipe.bitbucket import http_client
from pipe.bitbucket.http_client import open_client, open_in_pipe_client
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.process.context import Stop


def open_with(**environ: str) -> httpx.Client:
    return open_client(
        base_url="https://api.bitbucket.example",
        environ=environ,
        stop=Stop(),
    )


def errors_of(**environ: str) -> tuple[ConfigError, ...]:
    with pytest.raises(ConfigurationError) as caught:
        open_with(**environ)
    return caught.value.errors


@pytest.mark.parametrize("open_one", [open_with, lambda: open_in_pipe_client(Stop())])
def test_a_client_identifies_itself_and_keeps_no_cookies(
    open_one: Callable[[], httpx.Client],
) -> None:
    with open_one() as client:
        client.cookies.extract_cookies(
            httpx.Response(
                200,
                headers={"Set-Cookie": "session=1"},
                request=httpx.Request("GET", client.base_url),
            )
        )

        assert client.headers["User-Agent"] == f"bitbucket-environment/{VERSION}"
        assert client.headers["Accept"] == "application/json"
        assert client.headers["Accept-Encoding"] == "gzip"  # others are not decompressed
        assert "Authorization" not in client.headers
        assert not client.follow_redirects
        assert list(client.cookies.jar) == []


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


@pytest.mark.parametrize("exempt", ["localhost,::1/128", "a,,b:port", "https://a.example:port"])
def test_an_unusable_exemption_is_a_configuration_error(exempt: str) -> None:
    (error,) = errors_of(NO_PROXY=exempt)

    assert error.source == "NO_PROXY"


def test_all_errors_of_proxies_are_reported_together() -> None:
    errors = errors_of(HTTPS_PROXY="x://", ALL_PROXY="http://:1", NO_PROXY="::1/128")

    assert [each.source for each in errors] == ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]


@pytest.mark.parametrize(
    "exempt",
    ["*", "", "localhost, 127.0.0.1,::1 ,10.0.0.0/8", ".example,*.example:8443,https://a.example"],
)
def test_usual_exemptions_are_accepted(exempt: str) -> None:
    with open_with(HTTPS_PROXY="proxy.example:3128", NO_PROXY=exempt) as client:
        assert str(client.base_url) == "https://api.bitbucket.example"


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

    with open_with() as client:
        assert not client.is_closed
