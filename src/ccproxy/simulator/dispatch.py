"""From a request to a reply: which endpoint is meant, is the body readable, and what does the endpoint say."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from ccproxy.codings import CodingError, decode

from . import capacity, errors
from .ask import Ask
from .capacity import Busy, Rush
from .delivery import fault_buffered, stream_steps
from .dialect import CONTENT_TYPES, Dialect, headers_of
from .endpoints import Endpoint, Incoming, dialect_of, find
from .errors import Trouble
from .plan import Plan, draft
from .reading import parse_json
from .reply import Headers, Reply, Send, Step, empty_reply, json_reply
from .wire import Format, Request

MALFORMED = {
    Dialect.ANTHROPIC: "The request body is not valid JSON: {error}",
    Dialect.OPENAI: "We could not parse the JSON body of your request: {error}",
    Dialect.GOOGLE: "Invalid JSON payload received. {error}",
}
WITH_BODY = ("POST", "PUT", "PATCH")


def respond(method: str, target: bytes, headers: Headers, body: bytes, rush: Rush | None = None) -> Reply:
    """The provider's answer to a request. Without a rush pure: no I/O, no clock, no chance. Never raises.

    Args:
        method: as sent, e.g. `POST`.
        target: the request-target: path and query.
        headers: the header fields; names in any case.
        body: the whole body, with the Content-Encoding it came in.
        rush: what makes a share of the completions fail.
    """
    path, _, query = target.partition(b"?")
    fields = {name.lower(): value for name, value in headers}
    seed = blake2b(target + b"\n" + body, digest_size=12).hexdigest()
    call = Incoming("GET" if method == "HEAD" else method, path.decode("latin-1"), query, fields, body, seed)
    found = find(call)
    try:
        reply = _answer(found, call, rush)
    except Trouble as trouble:
        in_array = call.path.endswith(":streamGenerateContent") and b"alt=sse" not in query
        reply = errors.reply(found[0].dialect if found else dialect_of(call), trouble, seed, in_array)
    return empty_reply(reply) if method == "HEAD" else reply


def _answer(found: tuple[Endpoint, re.Match[str]] | None, call: Incoming, rush: Rush | None) -> Reply:
    if found is None:
        raise Trouble(404, f"Invalid URL ({call.method} {call.path})")
    endpoint, match = found
    if call.method not in endpoint.methods:
        allow = ", ".join(endpoint.methods).encode()
        raise Trouble(405, f"{call.method} is not allowed for {call.path}.", headers=[(b"allow", allow)])
    raw = _decoded(call, endpoint.dialect) if call.method in WITH_BODY else b"{}"
    body = _parsed(raw, endpoint.dialect)
    request = Request(call.query, body, b"cache_control" in raw, match.groups() or (None,), call.seed, call.fields)
    if isinstance(endpoint.answer, Format):
        return _complete(endpoint.answer, request, rush)
    fields, kind = headers_of(endpoint.dialect, call.seed), CONTENT_TYPES[endpoint.dialect]
    return json_reply(200, fields, endpoint.answer(request), kind)


def _decoded(call: Incoming, dialect: Dialect) -> bytes:
    """The body without its content coding.

    Raises:
        Trouble: 400 if the coding is not known or the body does not fit it.
    """
    encoding = call.fields.get(b"content-encoding")
    try:
        return decode(call.body, encoding.decode("latin-1")) if encoding else call.body
    except CodingError as error:
        raise Trouble(400, MALFORMED[dialect].format(error=error)) from None


def _parsed(raw: bytes, dialect: Dialect) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        Trouble: 400 if it is none.
    """
    try:
        body = parse_json(raw)
    except ValueError as error:
        raise Trouble(400, MALFORMED[dialect].format(error=error)) from None
    if not isinstance(body, dict):
        raise Trouble(400, MALFORMED[dialect].format(error="it is not an object"))
    return body


def _complete(wire: Format, request: Request, rush: Rush | None) -> Reply:
    ask = wire.read(request)
    plan = draft(ask)
    orders, fields = plan.orders, headers_of(wire.dialect, request.seed)
    told = next((busy for busy in orders.busy if busy.means(ask.model)), None)
    if busy := told or (rush.draw(ask.model) if rush else None):
        return _refuse(wire, plan, busy)
    if orders.error is not None:
        raise errors.ordered(orders.error)
    if ask.stream:
        steps = stream_steps(wire.stream(plan), orders, lambda sent: wire.failure(plan, sent, wire.trouble))
        return _stream(wire, ask, steps)
    if orders.error_after is not None:
        raise errors.ordered(500)
    return fault_buffered(json_reply(200, fields, wire.buffered(plan), CONTENT_TYPES[wire.dialect]), orders)


def _stream(wire: Format, ask: Ask, steps: list[Step]) -> Reply:
    fields = headers_of(wire.dialect, ask.seed)
    return Reply(200, [(b"content-type", wire.stream_type(ask)), *fields], steps)


def _refuse(wire: Format, plan: Plan, busy: Busy) -> Reply:
    """The answer of a model that is out of capacity.

    Raises:
        Trouble: where it is not the first event of a stream.
    """
    trouble = capacity.trouble(busy, plan.ask.model, wire.dialect)
    if busy.first and plan.ask.stream:
        return _stream(wire, plan.ask, [Send(wire.failure(plan, 0, trouble))])
    raise trouble
