"""Tokens for OAuth consumers, by the client-credentials grant."""

from typing import Final
from urllib.parse import parse_qsl

from simulator.behaviour.switches import Switches
from simulator.http import Request, Response, json_response
from simulator.state.credentials import Consumer, Credentials, basic_pair

PATH: Final = "/site/oauth2/access_token"


def token(request: Request, credentials: Credentials, switches: Switches, now: float) -> Response:
    """Return a token, or an error as OAuth writes it."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if request.method != "POST":
        return _refuse("invalid_request", "The token endpoint takes POST only", 405)
    if form.get("grant_type") != "client_credentials":
        return _refuse("unsupported_grant_type", "Only client_credentials is supported")
    consumer = _consumer(request, form, credentials)
    if consumer is None:
        return _refuse("unauthorized_client", "Invalid OAuth client credentials")
    if not consumer.private:
        return _refuse("unauthorized_client", "The consumer must be private for this grant")
    seconds = switches.oauth_expires_in
    return json_response(
        200,
        {
            "access_token": credentials.grant(consumer, now + seconds),
            "expires_in": seconds,
            "token_type": "bearer",
            "scopes": " ".join(sorted(consumer.scopes)),
        },
    )


def _consumer(request: Request, form: dict[str, str], credentials: Credentials) -> Consumer | None:
    scheme, _, value = (request.header("Authorization") or "").partition(" ")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if scheme.lower() == "basic":
        client_id, secret = basic_pair(value.strip())
    consumer = credentials.consumers.get(client_id)
    return consumer if consumer is not None and consumer.secret == secret else None


def _refuse(error: str, description: str, status: int = 400) -> Response:
    return json_response(status, {"error": error, "error_description": description})
