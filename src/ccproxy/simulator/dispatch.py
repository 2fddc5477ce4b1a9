"""From a request to a reply: which endpoint is meant, is the body readable, and what does the endpoint say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import orjson

from ccproxy.codings import CodingError, decode

from . import anthropic, catalog, errors, gemini, openai_chat, openai_responses
from .delivery import fault_buffered, stream_steps
from .errors import Dialect, Trouble
from .plan import draft
from .reply import Headers, Reply, empty_reply, json_reply
from .wire import Format, Request

type Local = Callable[[Request], object]
"""An endpoint that is no completion: gives the JSON value to answer with."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path (the end of it: a provider may live under a prefix), its methods and who answers."""

    pattern: re.Pattern[str]
    dialect: Dialect
    answer: Format | Local
    methods: tuple[str, ...] = ("POST",)


class Incoming(NamedTuple):
    """A request as it came. HEAD counts as GET; `fields` are the header fields by lower-case name."""

    method: str
    path: str
    query: bytes
    fields: dict[bytes, bytes]
    body: bytes
    seed: str


def _endpoint(pattern: str, dialect: Dialect, answer: Format | Local, *methods: str) -> Endpoint:
    return Endpoint(re.compile(pattern), dialect, answer, methods or ("POST",))


GENERATE = "(generateContent|streamGenerateContent)"
MODEL = r"/(?:models|tunedModels|endpoints)/([^/]+):"
ENDPOINTS = (
    _endpoint(r"/messages$", Dialect.ANTHROPIC, anthropic.FORMAT),
    _endpoint(r"/chat/completions$", Dialect.OPENAI, openai_chat.FORMAT),
    _endpoint(r"/responses$", Dialect.OPENAI, openai_responses.FORMAT),
    _endpoint(rf"{MODEL}{GENERATE}$", Dialect.GOOGLE, gemini.FORMAT),
    _endpoint(rf"/v1internal:{GENERATE}$", Dialect.GOOGLE, gemini.WRAPPED),
    _endpoint(r"/messages/count_tokens$", Dialect.ANTHROPIC, catalog.count_anthropic),
    _endpoint(r"/responses/input_tokens$", Dialect.OPENAI, catalog.count_responses),
    _endpoint(r"/responses/compact$", Dialect.OPENAI, catalog.compact),
    _endpoint(r"/responses/([^/]+)/cancel$", Dialect.OPENAI, catalog.no_such_response),
    _endpoint(r"/responses/([^/]+)(?:/input_items)?$", Dialect.OPENAI, catalog.no_such_response, "GET", "DELETE"),
    _endpoint(r"/embeddings$", Dialect.OPENAI, catalog.embeddings),
    _endpoint(rf"{MODEL}countTokens$", Dialect.GOOGLE, catalog.count_gemini),
    _endpoint(rf"{MODEL}(embedContent|batchEmbedContents)$", Dialect.GOOGLE, catalog.embed_gemini),
    _endpoint(r"/v1internal:countTokens$", Dialect.GOOGLE, catalog.count_gemini),
    _endpoint(r"/v1internal:(\w+)$", Dialect.GOOGLE, catalog.code_assist, "POST", "GET"),
)
GOOGLE_PATH = re.compile(r"/v1(?:alpha|beta|internal)")
MODEL_LIST = re.compile(r"/models(?:/([^/:]+))?$")
"""This path is shared by all; the header fields tell whose list is wanted."""
MALFORMED = {
    Dialect.ANTHROPIC: "The request body is not valid JSON: {error}",
    Dialect.OPENAI: "We could not parse the JSON body of your request: {error}",
    Dialect.GOOGLE: "Invalid JSON payload received. {error}",
}
BODYLESS = ("GET", "HEAD", "DELETE")


def respond(method: str, target: bytes, headers: Headers, body: bytes) -> Reply:
    """The provider's answer to a request. Pure: no I/O, no clock, no chance. Never raises.

    Args:
        method: as sent, e.g. `POST`.
        target: the request-target: path and query.
        headers: the header fields; names in any case.
        body: the whole body, with the Content-Encoding it came in.
    """
    path, _, query = target.partition(b"?")
    fields = {name.lower(): value for name, value in headers}
    seed = blake2b(target + b"\n" + body, digest_size=12).hexdigest()
    call = Incoming("GET" if method == "HEAD" else method, path.decode("latin-1"), query, fields, body, seed)
    endpoint, match = _find(call)
    dialect = endpoint.dialect if endpoint else _dialect(call)
    try:
        reply = _answer(endpoint, match, call)
    except Trouble as trouble:
        in_array = "stream" in call.path and b"alt=sse" not in query
        reply = errors.reply(dialect, trouble, seed, in_array)
    return empty_reply(reply) if method == "HEAD" else reply


def _find(call: Incoming) -> tuple[Endpoint | None, re.Match[str] | None]:
    """The endpoint of a path; if several have it, the one that allows the method."""
    found: tuple[Endpoint | None, re.Match[str] | None] = (None, None)
    for endpoint in ENDPOINTS:
        if match := endpoint.pattern.search(call.path):
            if call.method in endpoint.methods:
                return endpoint, match
            found = found if found[0] else (endpoint, match)
    if found[0] is None and (match := MODEL_LIST.search(call.path)):
        dialect = _dialect(call)
        return Endpoint(MODEL_LIST, dialect, partial(catalog.models, dialect), ("GET",)), match
    return found


def _dialect(call: Incoming) -> Dialect:
    """Whose error a path deserves that no endpoint claims."""
    if GOOGLE_PATH.search(call.path) or b"x-goog-api-key" in call.fields or b"key=" in call.query:
        return Dialect.GOOGLE
    if "/messages" in call.path or b"anthropic-version" in call.fields or b"x-api-key" in call.fields:
        return Dialect.ANTHROPIC
    return Dialect.OPENAI


def _answer(endpoint: Endpoint | None, match: re.Match[str] | None, call: Incoming) -> Reply:
    if endpoint is None or match is None:
        raise Trouble(404, f"Invalid URL ({call.method} {call.path})")
    if call.method not in endpoint.methods:
        allow = ", ".join(endpoint.methods).encode()
        raise Trouble(405, f"{call.method} is not allowed for {call.path}.", headers=[(b"allow", allow)])
    request = _request(call, match, endpoint.dialect)
    if isinstance(endpoint.answer, Format):
        return _complete(endpoint.answer, request)
    kind = errors.GOOGLE_JSON if endpoint.dialect is Dialect.GOOGLE else b"application/json"
    return json_reply(200, _request_id(endpoint.dialect, request.seed), endpoint.answer(request), kind)


def _request(call: Incoming, match: re.Match[str], dialect: Dialect) -> Request:
    """Decodes and parses the body.

    Raises:
        Trouble: 400 if it is not a JSON object in a known coding.
    """
    body, value = call.body, {}
    if call.method not in BODYLESS:
        try:
            if encoding := call.fields.get(b"content-encoding"):
                body = decode(body, encoding.decode("latin-1"))
            value = orjson.loads(body)
        except (CodingError, orjson.JSONDecodeError) as error:
            raise Trouble(400, MALFORMED[dialect].format(error=error)) from None
        if not isinstance(value, dict):
            raise Trouble(400, MALFORMED[dialect].format(error="it is not an object"))
    return Request(call.path, call.query, value, b"cache_control" in body, match.groups() or (None,), call.seed)


def _request_id(dialect: Dialect, seed: str) -> Headers:
    if dialect is Dialect.GOOGLE:
        return []
    return [(b"request-id" if dialect is Dialect.ANTHROPIC else b"x-request-id", b"req_" + seed.encode())]


def _complete(wire: Format, request: Request) -> Reply:
    ask = wire.read(request)
    plan = draft(ask)
    orders = plan.orders
    if orders.error is not None:
        raise errors.ordered(orders.error)
    if ask.stream:
        steps = stream_steps(wire.stream(plan), orders, partial(wire.failure, plan))
        return Reply(200, wire.stream_headers(ask), steps)
    if orders.error_after is not None:
        raise errors.ordered(500)
    return fault_buffered(json_reply(200, wire.headers(ask), wire.buffered(plan), wire.content_type), orders)
