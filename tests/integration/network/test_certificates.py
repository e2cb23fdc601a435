"""Certificates are verified by the given authorities, for the host that is called."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
import trustme

from simulator.server import Server
from simulator.simulator import Simulator
from tests.support.network import run_over_network

Serve: TypeAlias = "Callable[[trustme.LeafCert | None], Server]"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.usefixtures("trusted")
def test_the_given_authority_is_trusted(serve: Serve, bitbucket: Simulator) -> None:
    ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{serve(None).port}")

    assert ran.exit_code == 0
    assert [each.method for each in bitbucket.requests] == ["GET"]


def test_an_unknown_authority_is_refused(serve: Serve, bitbucket: Simulator) -> None:
    ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{serve(None).port}")

    assert_refused(ran.exit_code, ran.log, bitbucket, because="unable to get local issuer")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(
    serve: Serve, bitbucket: Simulator, authority: trustme.CA
) -> None:
    port = serve(authority.issue_cert("bitbucket.example")).port
    ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{port}")

    assert_refused(ran.exit_code, ran.log, bitbucket, because="Hostname mismatch")


@pytest.mark.usefixtures("trusted")
def test_an_expired_certificate_is_refused(
    serve: Serve, bitbucket: Simulator, authority: trustme.CA
) -> None:
    expired = authority.issue_cert(
        "localhost", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=30)
    )
    ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{serve(expired).port}")

    assert_refused(ran.exit_code, ran.log, bitbucket, because="certificate has expired")


def test_a_file_of_certificates_that_is_not_there_is_a_configuration_error(
    serve: Serve, bitbucket: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))

    ran = run_over_network(BITBUCKET_API_URL=f"https://localhost:{serve(None).port}")

    assert ran.exit_code == 2
    assert "SSL_CERT_FILE: the certificates cannot be read: No such file" in ran.log
    assert bitbucket.requests == []


def assert_refused(exit_code: int, log: str, bitbucket: Simulator, *, because: str) -> None:
    text = " ".join(log.split())  # long messages are wrapped
    assert exit_code == 6
    assert because in text
    assert "SSL_CERT_FILE" in text
    assert bitbucket.requests == []
