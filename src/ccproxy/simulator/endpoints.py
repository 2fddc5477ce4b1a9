"""The table of endpoints: which path belongs to whom, and who answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from . import anthropic, catalog, code_assist, gemini, openai_chat, openai_responses
from .dialect import Dialect
from .wire import Format, Request

type Local = Callable[[Request], object]
"""Answers what is not a completion: gives the JSON value of the answer."""


class Incoming(NamedTuple):
    """A request as it came. HEAD counts as GET; `fields` are the header fields by lower-case name."""

    method: str
    path: str
    query: bytes
    fields: dict[bytes, bytes]
    body: bytes
    seed: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path (its end: a provider may live under a prefix), its methods, and who answers."""

    pattern: re.Pattern[str]
    dialect: Dialect
    answer: Format | Local
    methods: tuple[str, ...] = ("POST",)


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
    _endpoint(r"/v1internal:countTokens$", Dialect.GOOGLE, code_assist.count),
    _endpoint(r"/v1internal:loadCodeAssist$", Dialect.GOOGLE, code_assist.load),
    _endpoint(r"/v1internal:onboardUser$", Dialect.GOOGLE, code_assist.onboard),
    _endpoint(r"/v1internal:(\w+)$", Dialect.GOOGLE, code_assist.verb, "POST", "GET"),
    _endpoint(r"/v1internal/(operations/[\w.-]+)$", Dialect.GOOGLE, code_assist.operation, "GET"),
)
MODEL_LIST = re.compile(r"/models(?:/([^/:]+))?$")
"""All vendors have this path; the header fields tell whose list is wanted."""
LISTS = {each: Endpoint(MODEL_LIST, each, partial(catalog.models, each), ("GET",)) for each in Dialect}
GOOGLE_PATH = re.compile(r"/v1(?:alpha|beta|internal)")


def find(call: Incoming) -> tuple[Endpoint, re.Match[str]] | None:
    """The endpoint of a path; if several have it, the one that allows the method. None if nobody claims it."""
    found = None
    for endpoint in ENDPOINTS:
        if match := endpoint.pattern.search(call.path):
            if call.method in endpoint.methods:
                return endpoint, match
            found = found or (endpoint, match)
    if found is None and (match := MODEL_LIST.search(call.path)):
        return LISTS[dialect_of(call)], match
    return found


def dialect_of(call: Incoming) -> Dialect:
    """Whose dialect a path deserves that no endpoint claims."""
    if GOOGLE_PATH.search(call.path) or b"x-goog-api-key" in call.fields or b"key=" in call.query:
        return Dialect.GOOGLE
    if "/messages" in call.path or b"anthropic-version" in call.fields or b"x-api-key" in call.fields:
        return Dialect.ANTHROPIC
    return Dialect.OPENAI
