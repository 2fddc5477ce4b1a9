"""One response hook on one answer: a document or a recorded stream, read into events and written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Event
from ccproxy.lightllm.gemini.array import ArrayFramer
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import parsed, read_events, write_answer, write_error
from ccproxy.pipeline.failures import HookFailed
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.response import ResponseRun
from ccproxy.pipeline.subject import Subject

WRAPPING = 100
"""Bytes among which a Code Assist answer has the member that holds Gemini's."""

type Write = Callable[[Iterable[Event]], bytes]


class AnswerTrial:
    """What a response hook made of an answer: the body that the client gets, and the events in it."""

    def __init__(self, body: bytes, wire: WireFormat) -> None:
        """Reads the answer. Raises ValueError for one that cannot be read."""
        self.body = body
        first = body[:64].lstrip()[:1]
        read = _whole if first == b"{" else _streamed
        self.events, self._write = read(body, wire, _asked(body, wire, sse=first != b"["))
        self.error: BaseException | None = None
        """What the hook raised; the answer is as it came then."""

    async def run(self, step: Step, subject: Subject, patience: float) -> None:
        """Runs the hook, which is allowed to wait for `patience` seconds on one event."""
        run = ResponseRun([step], subject, patience)
        try:
            run.begin()
            rewrites = run.rewrites
            left = await run.through(self.events)
            self.body = self._write(left) if rewrites else self.body
            self.events = left
        except HookFailed as failed:
            self.error = failed.__cause__
        finally:
            run.settle()


def _streamed(body: bytes, wire: WireFormat, asked: Asked) -> tuple[list[Event], Write]:
    translator = StreamTranslator(wire, wire, asked, None if asked.sse else ArrayFramer())
    return [*translator.read(body), *translator.last()], translator.write


def _whole(body: bytes, wire: WireFormat, asked: Asked) -> tuple[list[Event], Write]:
    def write(events: Iterable[Event]) -> bytes:
        answer = collect(events)
        return write_error(answer.error, wire) if answer.error is not None else write_answer(answer, wire, asked)

    return read_events(parsed(body), wire), write


def _asked(body: bytes, wire: WireFormat, *, sse: bool) -> Asked:
    """What the client that got this answer had asked for, as far as the answer tells."""
    wrapped = wire is WireFormat.GEMINI and b'"response"' in body[:WRAPPING]
    return Asked(document={"stream_options": {"include_usage": True}}, sse=sse, wrapped=wrapped)
