"""What a client is told in the sealed place that asks for something else than a model: a hook of the private daemon.

The simulator answers calls of models. Everything else is out of order (503), so that nobody concludes anything from it
that would last: a token endpoint that failed leaves the login as it is, where one that refuses (`invalid_grant`) or
gives new tokens would have it written anew. A few questions stop a client if they fail; those have an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ccproxy.exchange import HttpRequest, get_header
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import LocalAnswer, Subject
from ccproxy.providers.endpoint import parse_endpoint

JSON = [(b"content-type", b"application/json")]
OUT_OF_ORDER = {"error": {"type": "unavailable", "message": "ccproxy captures a shape: nothing leaves this machine"}}
ACCOUNT_FIELD = b"chatgpt-account-id"
NOBODY = "00000000-0000-4000-8000-000000000000"
CHATGPT_ACCOUNT: dict[str, Any] = {
    "name": None,
    "structure": "personal",
    "profile_picture_url": None,
    "workspace_backend_origin": "NO_CONSTRAINT",
    "account_routing_override": "NO_CONSTRAINT",
    "plan_type": "pro",
    "is_deactivated": False,
    "account_user_role": "account-owner",
}

type Told = tuple[int, Any]
"""Status and JSON of an answer."""


def always(status: int, value: object) -> Callable[[HttpRequest], Told]:
    """The same answer to everybody."""
    return lambda _: (status, value)


def chatgpt_accounts(request: HttpRequest) -> Told:
    """Codex looks among them for the one that it is logged in to, which it names."""
    named = get_header(request.headers, ACCOUNT_FIELD)
    account = named.decode("latin-1") if named else NOBODY
    listed = [{"id": account, **CHATGPT_ACCOUNT}]
    return 200, {"accounts": listed, "account_ordering": [account], "default_account_id": account}


CANNED: dict[str, Callable[[HttpRequest], Told]] = {
    # Claude Code asks again and again; this leaves what it knows of its organisation's settings as it is.
    r"api\.anthropic\.com/api/claude_code/(settings|policy_limits)": always(304, None),
    r"chatgpt\.com/backend-api/wham/accounts/check": chatgpt_accounts,
    # Codex asks for these again where they are out of order; it keeps no list of models that it did not get.
    r"chatgpt\.com/backend-api/(ps/mcp|codex/models)": always(404, OUT_OF_ORDER),
    r"oauth2\.googleapis\.com/tokeninfo": always(200, {"aud": "nobody", "scope": "openid", "expires_in": "3000"}),
}
"""Host and path -> the answer. None of them gives a credential."""
ANSWERS = [(re.compile(pattern), answer) for pattern, answer in CANNED.items()]


def is_no_call(subject: Subject) -> bool:
    """True for everything but a call of a model over plain HTTP."""
    exchange = subject.exchange
    return exchange.request.method != "POST" or parse_endpoint(exchange.request.path) is None


@native_hook("inbound", reads=[], writes=["exchange.tags"], guard=is_no_call, security=True)
def answer_alone(subject: Subject) -> tuple[str, ...]:
    """Answers in place of whoever was asked."""
    request, destination = subject.exchange.request, subject.exchange.destination
    if any(name.lower() == b"upgrade" for name, _ in request.headers):
        # RFC 9110 §15.5.22. Codex, which speaks WebSocket first, goes on over HTTPS.
        subject.answer = told(426, OUT_OF_ORDER)
    else:
        subject.answer = aside(f"{destination.host if destination else ''}{request.path}", request)
    return ()


def aside(place: str, request: HttpRequest) -> LocalAnswer:
    """The answer to a question that is put to a host and path."""
    canned = next((answer for pattern, answer in ANSWERS if pattern.fullmatch(place)), always(503, OUT_OF_ORDER))
    return told(*canned(request))


def told(status: int, value: object) -> LocalAnswer:
    """An answer in JSON; None stands for an empty one."""
    body = b"" if value is None else json.dumps(value).encode()
    return LocalAnswer(status, None, body, JSON, "answer_alone")
