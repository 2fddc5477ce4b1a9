"""What a hook answers in place of a provider, in the client's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.exchange import Headers, get_header
from ccproxy.gateway.errors import error_body
from ccproxy.gateway.hooked.asked import asked_of
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.seal import client_headers
from ccproxy.gateway.translation.headers import JSON, SSE
from ccproxy.gateway.translation.route import asked_model
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.events import (
    BlockStop,
    End,
    Event,
    Finish,
    MessageStart,
    StopReason,
    TextDelta,
    TextStart,
    Usage,
    UsageUpdate,
)
from ccproxy.lightllm.formats import stream_module
from ccproxy.lightllm.translate import write_answer

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.pipeline.subject import LocalAnswer

PLAIN: Headers = [(b"Content-Type", b"text/plain; charset=utf-8")]


def local_reply(answer: LocalAnswer, inquiry: Inquiry) -> Reply:
    """The reply: a body as the hook wrote it, else an error or the words of a model as the client's format has them."""
    if answer.body is not None:
        return _reply(answer, PLAIN, answer.body)
    if answer.status >= 400:
        said = answer.text or f"refused by the hook {answer.by}"
        return _reply(answer, JSON, error_body(inquiry.dialect, answer.status, "hook_answer", said))
    endpoint = inquiry.endpoint
    if endpoint is None or endpoint.operation != "generate":
        return _reply(answer, PLAIN, (answer.text or "").encode())
    asked = asked_of(inquiry)
    events = words(answer.text or "", asked_model(inquiry) or answer.by)
    streams = endpoint.streams if endpoint.action is not None else asked.document.get("stream") is True
    if streams:
        writer = stream_module(endpoint.format).StreamWriter(asked)
        return _reply(answer, SSE if asked.sse else JSON, b"".join(map(writer.write, events)))
    return _reply(answer, JSON, write_answer(collect(events), endpoint.format, asked))


def words(text: str, model: str) -> list[Event]:
    """The events of a model's answer that says `text`."""
    spoken: list[Event] = [TextStart(0), TextDelta(0, text), BlockStop(0)] if text else []
    usage = UsageUpdate(Usage(input=0, output=0))
    return [MessageStart(model=model), *spoken, usage, Finish(StopReason.DONE), End()]


def _reply(answer: LocalAnswer, kind: Headers, body: bytes) -> Reply:
    headers = client_headers(answer.headers)
    return Reply(answer.status, headers if get_header(headers, b"content-type") else [*kind, *headers], body)
