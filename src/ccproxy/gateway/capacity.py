"""Model calls to Code Assist, for which others may answer where a model is out of capacity: what the transport is told
of them beforehand, and what it tells in the end."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import HttpRequest, get_header
from ccproxy.gateway.inquiry import counted_model
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.rewrite import replace_model
from ccproxy.lightllm.gemini.envelope import MODELS
from ccproxy.pipeline.draft import NotJson
from ccproxy.pipeline.json_text import read
from ccproxy.providers.gemini_code_assist import is_code_assist
from ccproxy.providers.provider import in_path
from ccproxy.transport.delivery import Walk

if TYPE_CHECKING:
    from ccproxy.exchange import Header
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.pipeline.draft import Draft

PIN = b"x-ccproxy-pin"
"""Keeps the model that is asked for."""
NO = frozenset({b"0", b"false", b"no", b"off"})
ANSWERED = b"x-ccproxy-model"
"""Names the model that answered."""


def walk_of(inquiry: Inquiry, plan: Plan, draft: Draft) -> Walk | None:
    """What the transport is told of a request; None for what is no model call, and no count, on its way to Code Assist.

    `draft` is the body as it leaves. A count is of use for its own model only.
    """
    endpoint = inquiry.endpoint
    if endpoint is None or endpoint.operation is None or not is_code_assist(plan.provider):
        return None
    if inquiry.exchange.request.method != "POST":
        return None
    document = envelope_of(draft)
    asked = document.get("model") or counted_model(document) or unquote(endpoint.model or "")
    kept = endpoint.operation == "count_tokens" or is_pinned(inquiry)
    return Walk(asked.removeprefix(MODELS) if isinstance(asked, str) else "", None if kept else with_model)


def envelope_of(draft: Draft) -> dict[str, Any]:
    """The body as it leaves; nothing of what cannot be read."""
    try:
        document = draft.document()
    except NotJson:
        return {}
    return document if isinstance(document, dict) else {}


def is_pinned(inquiry: Inquiry) -> bool:
    """True for a client that wants its own model, or none. Of several such fields one is enough."""
    return any(name.lower() == PIN and value.strip().lower() not in NO for name, value in inquiry.headers)


def with_model(request: HttpRequest, model: str) -> HttpRequest:
    """The same request for another model: in the envelope, whose other bytes are kept, and in the user agent.

    A body that has a content coding loses that. One that is no JSON object is kept: nobody will answer it.
    """
    try:
        body = decode(request.body, (get_header(request.headers, b"content-encoding") or b"").decode("latin-1") or None)
        document = read(body)[0]
    except (CodingError, ValueError):
        return request
    if not isinstance(document, dict):
        return request
    body = replace_model(body, document, model)
    named = document.get("model")
    headers = [
        fitted(header, len(body), named if isinstance(named, str) else "", model)
        for header in request.headers
        if header[0].lower() != b"content-encoding"
    ]
    return replace(request, headers=headers, body=body)


def fitted(header: Header, length: int, former: str, model: str) -> Header:
    """A field of the former request as it is in the other one."""
    name, value = header
    match name.lower():
        case b"content-length":
            return name, b"%d" % length
        case b"user-agent" if former:
            alone = rb"(?<![\w.-])%b(?![\w.-])" % re.escape(in_path(former).encode("ascii"))
            return name, re.sub(alone, lambda _: in_path(model).encode("ascii"), value)
    return header


def note_answer(inquiry: Inquiry, plan: Plan, walk: Walk, draft: Draft, status: int) -> None:
    """Notes which model answered: redirects and errors are of none.

    Where Google refuses a project that ccproxy has told of, it is asked for anew.
    """
    if 200 <= status < 300:
        inquiry.exchange.answered_model = walk.model or None
    account = plan.provider.code_assist if plan.provider is not None else None
    if status == 403 and account is not None and envelope_of(draft).get("project") == account.project:
        account.refused()


def with_answered(reply: Reply, model: str) -> Reply:
    """A reply that names the model that it is of. Redirects and errors are of none."""
    if not 200 <= reply.status < 300:
        return reply
    others = [header for header in reply.headers if header[0].lower() != ANSWERED]
    return replace(reply, headers=[*others, answered_by(model)])


def answered_by(model: str) -> Header:
    """The field that names the model that answered."""
    return ANSWERED, in_path(model).encode("ascii")
