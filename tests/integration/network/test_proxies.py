"""`HTTPS_PROXY` and `NO_PROXY` are honoured, and a proxy learns no credentials of Bitbucket."""

import base64
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import trustme

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from tests.support.network import LOOPBACK, Proxy, run_over_network

Serve: TypeAlias = "Callable[[trustme.LeafCert | None], Server]"

pytestmark = pytest.mark.usefixtures("trusted")


def test_the_pipe_reaches_bitbucket_through_a_proxy(
    serve: Serve,
    bitbucket: Simulator,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = serve(authority.issue_cert("api.bitbucket.org")).port
    proxy = Proxy(hosts={"api.bitbucket.org:443": (LOOPBACK, port)})
    with proxy.listening() as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        ran = run_over_network(ADMIN_ONLY="true")

    assert ran.exit_code == 0
    assert [each.method for each in bitbucket.requests] == ["GET", "POST", "GET"]
    assert proxy.tunnels == ["api.bitbucket.org:443"]  # one connection for the whole run
    assert DEMO_ACCESS_TOKEN.encode() not in b"".join(proxy.heads)
    assert b"authorization:" not in b"".join(proxy.heads).lower()


def test_the_password_of_a_proxy_is_sent_to_the_proxy_only(
    serve: Serve, bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy()
    with proxy.listening() as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://robot:canary-of-the-proxy@{address}")
        ran = run_over_network(
            BITBUCKET_API_URL=f"https://localhost:{serve(None).port}", DEBUG="true"
        )

    encoded = base64.b64encode(b"robot:canary-of-the-proxy")
    assert ran.exit_code == 0
    assert b"Proxy-Authorization: Basic " + encoded in proxy.heads[0]
    assert "canary" not in ran.log
    assert encoded.decode() not in ran.log
    (request,) = bitbucket.requests
    assert not any(name.lower().startswith("proxy-") for name, _ in request.headers)


def test_a_proxy_may_itself_be_reached_over_tls(
    serve: Serve, bitbucket: Simulator, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    proxy = Proxy(tls=context)
    with proxy.listening():
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        port = serve(None).port
        ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{port}", ADMIN_ONLY="true")

    assert ran.exit_code == 0
    assert proxy.tunnels == [f"localhost:{port}"]
    assert [each.method for each in bitbucket.requests] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"])
def test_plain_http_never_goes_through_a_proxy(
    bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    proxy = Proxy()
    with proxy.listening() as address, Server(bitbucket) as server:
        monkeypatch.setenv(variable, f"http://{address}")
        ran = run_over_network(BITBUCKET_API_URL=server.url)

    assert ran.exit_code == 0
    assert len(bitbucket.requests) == 1
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "http://robot:canary@proxy.example:port"),
        ("NO_PROXY", "localhost,::1/128"),
    ],
)
def test_an_unusable_proxy_is_a_configuration_error_with_a_report(
    bitbucket: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with Server(bitbucket) as server:
        ran = run_over_network(
            BITBUCKET_API_URL=server.url,
            REPORT_FILES=str(tmp_path / "report.json"),
            DEBUG="true",
            ADMIN_ONYL="true",
        )

    report = (tmp_path / "report.json").read_text()
    assert ran.exit_code == 2
    assert variable in ran.log
    assert "WARNING: Unknown variable ADMIN_ONYL; did you mean ADMIN_ONLY?" in ran.log
    assert json.loads(report)["exit_code"] == 2
    assert "canary" not in ran.log + report
    assert bitbucket.requests == []


@pytest.mark.parametrize("exempt", ["localhost", "*", "bitbucket.example,localhost"])
def test_an_exempt_host_is_called_directly(
    serve: Serve, bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    proxy = Proxy()
    with proxy.listening() as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        monkeypatch.setenv("NO_PROXY", exempt)
        ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{serve(None).port}")

    assert ran.exit_code == 0
    assert len(bitbucket.requests) == 1
    assert proxy.heads == []


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_is_reported(
    bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    with Proxy(refusal=refusal).listening() as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        ran = run_over_network()

    text = " ".join(ran.log.split())
    assert ran.exit_code == 6
    assert f"ProxyError: HTTP {refusal[:3]}" in text
    assert refusal not in text  # a proxy could repeat a password in its reason
    assert "HTTPS_PROXY and NO_PROXY" in text
    assert bitbucket.requests == []


def test_an_unreachable_proxy_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy().listening() as address:
        pass  # its port is free again
    monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")

    ran = run_over_network()

    assert ran.exit_code == 6
    assert "Connection refused" in ran.log


def test_a_proxy_can_not_impersonate_bitbucket(
    serve: Serve, bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    impostor = serve(None).port  # its certificate is for another name
    with Proxy(hosts={"api.bitbucket.org:443": (LOOPBACK, impostor)}).listening() as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        ran = run_over_network()

    assert ran.exit_code == 6
    assert "Hostname mismatch" in " ".join(ran.log.split())
    assert bitbucket.requests == []
