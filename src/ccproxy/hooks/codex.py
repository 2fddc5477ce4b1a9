"""`codex`: requests as the ChatGPT backend takes them, whose Responses API is not quite the public one."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.chatgpt import fitted
from ccproxy.pipeline.draft import NotJson
from ccproxy.pipeline.failures import Refusal
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.codex import is_codex
from ccproxy.providers.endpoint import parse_endpoint
from ccproxy.providers.provider import ProviderMap

ACCEPT = b"accept"
STREAM = b"text/event-stream"
WRITES = ("**", "headers.accept")


def goes_to_codex(subject: Subject) -> bool:
    """True for a model call to such a provider. A WebSocket's opening has no body."""
    if subject.provider is None or subject.exchange.request.method != "POST":
        return False
    if not is_codex(subject.resources[ProviderMap].get(subject.provider)):
        return False
    endpoint = parse_endpoint(subject.exchange.request.path)
    return endpoint is not None and endpoint.operation == "generate"


@native_hook("outbound", reads=["**"], writes=WRITES, guard=goes_to_codex, on_error="fail", late=True)
def codex(subject: Subject) -> tuple[str, ...]:
    """Has nothing stored, asks for a stream, and leaves out what the backend refuses; what Codex sends is as it was.

    It runs once all others are done with the request, `shape` too: the shape may bring instructions for who has none.
    Raises Refusal for what cannot be had there, and for a body that is no JSON object.
    """
    document = object_of(subject)
    try:
        result = fitted(document)
    except InvalidCall as error:
        raise Refusal(400, "unsupported_parameter", str(error)) from error
    for name, count in result.left_out.items():
        subject.left_out[name] = subject.left_out.get(name, 0) + count
    if result.document is None:
        return ()
    subject.draft.replace(result.document)
    return WRITES if asked_for_events(subject, document) else WRITES[:1]


def object_of(subject: Subject) -> dict[str, Any]:
    """The body. Raises Refusal where it is no JSON object: the backend would be asked for something else with it."""
    try:
        document = subject.draft.document()
    except NotJson as error:
        raise Refusal(400, "invalid_json", str(error)) from error
    if not isinstance(document, dict):
        raise Refusal(400, "invalid_json", "the request body is not a JSON object")
    return document


def asked_for_events(subject: Subject, document: dict[str, object]) -> bool:
    """Has the header ask for what the body now asks for. True if it was changed."""
    if document.get("stream") is True:
        return False
    changed = [(name, STREAM if name.lower() == ACCEPT else value) for name, value in subject.headers]
    if changed == subject.headers:
        return False
    subject.headers[:] = changed
    return True
