"""No secret and no transform of one in any output, whatever happens."""

import base64
import hashlib
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest

from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer, DropConnection, HalfBody, NoAnswer, garbage, server_error
from tests.support.world import Ran, World, listed, run_with

# Hundreds of runs, through code that other tests reach: coverage would triple the time.
pytestmark = [pytest.mark.promise("P9"), pytest.mark.no_cover]

TOKEN: Final = "ATCTT3xFfGF0canary+access/token=77BA1C=A1"
EMAIL: Final = "robot@acme.example"
API_TOKEN: Final = "ATATT3xFfGF0canary-api-token=5D2A"
CLIENT_SECRET: Final = "canary-client+secret/&%41"
FINGERPRINT_KEY: Final = "canary-fingerprint-key-é1"
PASSWORD: Final = 'canary "p4ss"\\w0rd\nwith a second line & <tags> ü'
OTHER: Final = "another-canary-value-1234567890"
JWT: Final = "eyJhbGciOi.canary-pipelines-jwt.c2ln"
CANARIES: Final = (TOKEN, API_TOKEN, CLIENT_SECRET, FINGERPRINT_KEY, PASSWORD, OTHER, JWT)
PREFIX: Final = 12
"""So much of a secret gives it away."""


def transforms(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield secret
    yield secret[:PREFIX]
    yield secret[-PREFIX:]
    yield from (line for line in secret.splitlines() if len(line) >= PREFIX)
    yield secret[::-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield encoded
        yield encoded.lower()
    for before in (b"", b"x", b"xx", f"{EMAIL}:".encode()):
        start = -(-len(before) * 4 // 3) + (len(before) % 3 > 0)
        for encoded in (
            base64.b64encode(before + data).decode(),
            base64.urlsafe_b64encode(before + data).decode(),
        ):
            yield encoded[start : start + 16]
            yield encoded.rstrip("=")[start:-2]
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, data, usedforsecurity=False)
        yield digest.hexdigest()
        yield digest.hexdigest()[:PREFIX]
        yield base64.b64encode(digest.digest()).decode()
    yield data.hex()


def _shortest(forms: Iterable[str]) -> Iterator[str]:
    """Leave out what can't stand in a text without a shorter form of the same secret."""
    kept: list[str] = []
    for form in sorted(forms, key=len):
        if form and not any(each in form for each in kept):
            kept.append(form)
            yield form


FORMS: Final = {form: secret for secret in CANARIES for form in _shortest(transforms(secret))}


def leaks(*texts: str) -> list[str]:
    """Return the secrets that texts give away; what is wrapped over lines too."""
    text = "\0".join([*texts, *(" ".join(each.split()) for each in texts)])
    return sorted({secret for form, secret in FORMS.items() if form in text})


def _scan(ran: Ran) -> None:
    report = json.dumps(ran.report), json.dumps(ran.report, ensure_ascii=False)
    assert leaks(ran.log, ran.out, *report) == []


BEARER: Final = {"BITBUCKET_ACCESS_TOKEN": TOKEN}
BASIC: Final = {
    "BITBUCKET_ACCESS_TOKEN": "",
    "ATLASSIAN_ACCOUNT_EMAIL": EMAIL,
    "ATLASSIAN_API_TOKEN": API_TOKEN,
}
OAUTH: Final = {
    "BITBUCKET_ACCESS_TOKEN": "",
    "BITBUCKET_OAUTH_CLIENT_ID": "canary-id",
    "BITBUCKET_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
}
WANTED: Final = {
    "ENVIRONMENT_NAME": "Live",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
    "FINGERPRINT_KEY": FINGERPRINT_KEY,
    "PIPELINES_JWT_TOKEN": JWT,
    "DEBUG": "true",
    "BRANCHES": '["main"]',
    "VARIABLES": '["PLAIN=visible"]',
    **listed("SECURED_VARIABLES", f"PASSWORD={PASSWORD}", f"OTHER={OTHER}"),
}


def _world(**switches: Any) -> World:
    world = World(**switches)
    world.simulator.credentials.add_access_token(TOKEN)
    world.simulator.credentials.add_api_token(EMAIL, API_TOKEN)
    world.simulator.credentials.add_consumer("canary-id", CLIENT_SECRET)
    return world


@pytest.mark.parametrize("credentials", [BEARER, BASIC, OAUTH])
@pytest.mark.parametrize("mode", ["apply", "plan", "check", "export"])
@pytest.mark.parametrize("policy", ["always", "if-missing", "on-change"])
def test_nothing_leaks_when_all_goes_well(
    credentials: dict[str, str], mode: str, policy: str
) -> None:
    world = _world()
    wanted = WANTED | credentials | {"SECURED_UPDATE": policy}
    _scan(run_with(world, wanted | {"MODE": mode}))
    done = run_with(world, wanted)
    assert done.exit_code == 0
    assert world.shop.environment("Live").variables["PASSWORD"].value == PASSWORD
    _scan(done)
    _scan(run_with(world, wanted | {"MODE": mode}))
    assert leaks(str(world.shop.environment("Live").variables.get("PLAIN"))) == []
    stored = world.shop.environment("Live").variables.get("BITBUCKET_ENVIRONMENT_FINGERPRINTS")
    assert stored is None or leaks(stored.value) == []


@pytest.mark.parametrize("change", SWITCHES["secured_change"].choices)
def test_nothing_leaks_when_a_variable_changes_its_storage(change: str) -> None:
    world = _world(secured_change=change)
    world.shop.add_environment("Live", "Production").set_variable("PASSWORD", "was plain")
    _scan(run_with(world, WANTED | BEARER))


def _echo(body: Callable[[str], str], environ: Mapping[str, str]) -> list[Answer]:
    """Return answers that say each of the secrets that the pipe was given back."""
    return [
        Answer(status=status, body=body(secret).encode())
        for secret in CANARIES
        if any(secret in value for value in environ.values())
        for status in (400, 401, 503)
    ]


ECHOES: Final[tuple[Callable[[str], str], ...]] = (
    lambda secret: json.dumps({"error": {"message": f"No: {secret}", "detail": secret}}),
    lambda secret: json.dumps({"key": secret, "message": quote(secret), "arguments": {}}),
    lambda secret: f"Bad value {secret!r}",
    lambda secret: f"<html><title>{html.escape(secret)}</title></html>",
    lambda secret: (
        f"Authorization: Basic {base64.b64encode(f'{EMAIL}:{secret}'.encode()).decode()}"
    ),
    lambda secret: (
        f"token {secret[:20]}… is unknown, {hashlib.sha256(secret.encode()).hexdigest()}"
    ),
)


@pytest.mark.parametrize(("credentials", "skip"), [(BEARER, 0), (BASIC, 1), (BEARER, 3)])
@pytest.mark.parametrize("body", ECHOES)
def test_nothing_leaks_when_bitbucket_says_it_back(
    credentials: dict[str, str], body: Callable[[str], str], skip: int
) -> None:
    wanted = WANTED | credentials | {"MAX_ATTEMPTS": "2"}
    for fault in _echo(body, wanted):
        world = _world()
        world.simulator.faults.add(fault, skip=skip, times=99)
        ran = run_with(world, wanted)
        assert ran.exit_code != 1
        _scan(ran)


@pytest.mark.parametrize(
    "fault",
    [server_error(), NoAnswer(), DropConnection(after_effect=True), HalfBody(), garbage()],
)
def test_nothing_leaks_when_requests_fail(fault: Answer) -> None:
    for credentials in (BEARER, BASIC, OAUTH):
        for skip in range(6):
            world = _world()
            world.simulator.faults.add(fault, skip=skip, times=3)
            _scan(run_with(world, WANTED | credentials | {"MAX_ATTEMPTS": "2"}))


@pytest.mark.parametrize(
    "fault",
    [
        {"ENVIRONMENT_TYPE": OTHER},
        {"ENVIRONMENT_TYPE": "x"},
        {"SECURED_VARIABLES_COUNT": "3"},
        {"SECURED_VARIABLES_2": PASSWORD, "SECURED_VARIABLES_COUNT": "3"},
        {"SECURED_VARIABLES_2": f"9{OTHER}={PASSWORD}", "SECURED_VARIABLES_COUNT": "3"},
        {"VARIABLES": f'[{{"key": "A", "value": "{OTHER}", "secured": "maybe"}}]'},
        {"VARIABLES": f'["PASSWORD={OTHER}"]'},
        {"SECURED_VARIABLES": f"{{{PASSWORD}", "SECURED_VARIABLES_COUNT": ""},
        {"BITBUCKET_ACCESS_TOKEN": f"{TOKEN}\n"},
        {"BITBUCKET_ACCESS_TOKEN": f"{TOKEN} \u20ac"},
        {"FINGERPRINT_KEY": FINGERPRINT_KEY[:15], "MODE": "x"},
        {"BITBUCKET_API_URL": f"https://user:{OTHER}@api.example"},
        {"ADMIN_ONLY": TOKEN},
        {"REPORT_FILES": f"{TOKEN}.exe"},
    ],
)
def test_nothing_leaks_when_the_configuration_is_wrong(fault: dict[str, str]) -> None:
    ran = run_with(_world(), WANTED | BEARER | fault)
    assert ran.exit_code == 2
    _scan(ran)


def test_nothing_leaks_when_the_program_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        message = f"could not send {PASSWORD!r} with {TOKEN}"
        raise RuntimeError(message)

    for place in (
        "pipe.apply.repository.read_state",
        "pipe.apply.repository.apply_environment",
        "pipe.bitbucket.transport.Transport.send",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, broken)
            for debug in ("true", "false"):
                ran = run_with(_world(), WANTED | BEARER | {"DEBUG": debug})
                assert ran.exit_code == 1
                _scan(ran)


def test_the_scan_finds_what_it_looks_for() -> None:
    for secret in CANARIES:
        for form in (secret, f"x{base64.b64encode(secret.encode()).decode()}", quote(secret)):
            assert leaks(f"before {form} after") == [secret]
    assert leaks("nothing to see") == []
