"""A network on loopback without settings of this machine, and a certificate authority."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from simulator.server import Server
from simulator.simulator import Simulator


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, authority_file: str) -> None:
    """Let the pipe trust the authority of the tests."""
    monkeypatch.setenv("SSL_CERT_FILE", authority_file)


@pytest.fixture
def bitbucket() -> Simulator:
    simulator = Simulator()
    simulator.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    return simulator


@pytest.fixture
def serve(
    bitbucket: Simulator, authority: trustme.CA
) -> Iterator[Callable[[trustme.LeafCert | None], Server]]:
    """Serve Bitbucket over TLS with a certificate, by default a valid one."""
    running: list[Server] = []

    def start(certificate: trustme.LeafCert | None = None) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        (certificate or authority.issue_cert("localhost", "127.0.0.1")).configure_cert(context)
        server = Server(bitbucket, tls=context)
        server.__enter__()
        running.append(server)
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)
