"""A client that nobody has, as a program of a vendor would look: an envelope of its own around every request."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.exchange import Exchange, Headers, HttpRequest, HttpResponse, WireFormat
from tests.support.archived import NOON

SESSION = "3d0c8f1e-1111-4222-8333-444455556666"
TARGET = b"/v1/messages?beta=true"
KEY = "made-up-credential-of-nobody"
SECRET = "what was said to it"
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 32,
    "messages": [{"role": "user", "content": SECRET}],
    "metadata": {"user_id": json.dumps({"session_id": SESSION})},
    "system": [{"type": "text", "text": "You are made up."}],
    "made_up": {"x": 1},
}


def headers(version: str = "1.2.3") -> Headers:
    """Its fields, in its order."""
    return [
        (b"Host", b"api.test"),
        (b"User-Agent", f"made-up/{version} (cli)".encode()),
        (b"x-api-key", KEY.encode()),
        (b"X-App", b"cli"),
        (b"anthropic-version", b"2023-06-01"),
        (b"Content-Type", b"application/json"),
        (b"X-Session-Id", SESSION.encode()),
        (b"Content-Length", str(len(json.dumps(BODY))).encode()),
    ]


def recorded(id: str, version: str = "1.2.3", *, minutes: int = 0, **facts: Any) -> Exchange:
    """One of its requests, as it was recorded: so many minutes after noon."""
    data = json.dumps(facts.pop("body", BODY)).encode()
    request = HttpRequest("POST", facts.pop("target", TARGET), headers(version), data)
    made = Exchange(request, id=id, format=WireFormat.ANTHROPIC, **facts)
    made.provider_response = made.response = HttpResponse(200, [], b"OK", [b"{}"], complete=True)
    made.timings.started = NOON + 60 * minutes
    made.timings.finished = made.timings.started + 1
    return made
