"""Writes a stream as Anthropic's API does: one block after the other, each whole before the next begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.block_writers import BlockWriter, TextWriter, ThinkingWriter
from ccproxy.lightllm.anthropic.call_writers import call_writer
from ccproxy.lightllm.anthropic.envelope import message
from ccproxy.lightllm.anthropic.errors import write_error
from ccproxy.lightllm.anthropic.frames import PING, frame, whole_block
from ccproxy.lightllm.anthropic.server_write import WHOLE_BLOCKS
from ccproxy.lightllm.anthropic.stops import write_finish
from ccproxy.lightllm.anthropic.usage import write_delta_usage
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.beside import told_beside
from ccproxy.lightllm.drops import Drops


class StreamWriter:
    """Writes one stream.

    Blocks that open while another is open are held back until it has stopped: state is bounded by the arguments of
    parallel tool calls. `message_start` waits for the first content, so that it has the counts that came before.
    """

    def __init__(self, asked: Asked) -> None:
        self._drops = asked.drops
        self._model = asked.model
        self._start = ev.MessageStart()
        self._usage = ev.Usage()
        self._finish: ev.Finish | None = None
        self._begun = self._over = self._called = self._refused = False
        self._next = 0
        """The wire's index of the next block."""
        self._turn: int | None = None
        """The neutral index of the block that is being written."""
        self._block = BlockWriter(None, -1, self._drops)
        self._held: dict[int, list[ev.Event]] = {}
        """What has come of each other block that is open."""
        self._queue: deque[list[ev.Event]] = deque()
        """What has come of each block whose turn has not come, in the order in which they opened."""

    def write(self, event: ev.Event) -> bytes:
        """What the client gets for an event, framed; empty if nothing is due yet. Nothing comes after the end."""
        return b"" if self._over else HANDLERS[type(event)](self, event)

    def _message_start(self, event: ev.MessageStart) -> bytes:
        self._start = event
        return b""

    def _head(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        start = message(self._start, self._model, self._usage)
        return frame(b"message_start", {"type": "message_start", "message": start})

    def _open(self, event: Any) -> bytes:
        if self._turn is not None:
            self._queue.append([event])
            self._held[event.index] = self._queue[-1]
            return b""
        self._turn = event.index
        self._called |= type(event) is ev.ToolCallStart
        self._refused |= type(event) is ev.RefusalStart
        self._block = WRITERS[type(event)](event, self._next, self._drops)
        return self._head() + self._block.begin()

    def _delta(self, event: Any) -> bytes:
        if event.index == self._turn:
            return self._block.add(event)
        self._held[event.index].append(event)
        return b""

    def _stop(self, event: ev.BlockStop) -> bytes:
        if event.index != self._turn:
            self._held.pop(event.index).append(event)
            return b""
        return self._close() + self._release()

    def _close(self) -> bytes:
        out = self._block.end()
        self._next += self._block.opened
        self._turn = None
        return out

    def _release(self) -> bytes:
        """Writes what was held back, up to a block that is still open."""
        out: list[bytes] = []
        while self._queue and self._turn is None:
            events = self._queue.popleft()
            if self._held.get(index := getattr(events[0], "index", -1)) is events:
                del self._held[index]
            out += [self._close() if type(event) is ev.BlockStop else self.write(event) for event in events]
        return b"".join(out)

    def _whole(self, event: Any) -> bytes:
        if self._turn is not None:
            self._queue.append([event])
            return b""
        block = WHOLE_BLOCKS[type(event)](event, self._drops)
        if block is None:
            return b""
        self._next += 1
        return self._head() + whole_block(self._next - 1, block)

    def _usage_update(self, event: ev.UsageUpdate) -> bytes:
        self._usage.update(event.usage)
        return b""

    def _finished(self, event: ev.Finish) -> bytes:
        self._finish = event
        return b""

    def _ping(self, event: ev.Ping) -> bytes:
        return PING

    def _end(self, event: ev.End) -> bytes:
        out = self._head()
        while self._turn is not None:
            out += self._close() + self._release()
        self._over = True
        delta = write_finish(self._finish, called=self._called, refused=self._refused)
        counts = write_delta_usage(self._usage)
        ended = {"type": "message_delta", "delta": delta, "usage": counts}
        out += frame(b"message_delta", ended | told_beside(self._finish))
        return out + frame(b"message_stop", {"type": "message_stop"})

    def _error(self, event: ev.Error) -> bytes:
        self._over = True
        return frame(b"error", write_error(event.error))


WRITERS: Mapping[type, Callable[[Any, int, Drops], BlockWriter]] = {
    ev.TextStart: TextWriter,
    ev.RefusalStart: TextWriter,
    ev.ThinkingStart: ThinkingWriter,
    ev.ToolCallStart: call_writer,
}
HANDLERS: Mapping[type, Callable[[StreamWriter, Any], bytes]] = {
    ev.MessageStart: StreamWriter._message_start,
    ev.TextStart: StreamWriter._open,
    ev.ThinkingStart: StreamWriter._open,
    ev.ToolCallStart: StreamWriter._open,
    ev.RefusalStart: StreamWriter._open,
    ev.TextDelta: StreamWriter._delta,
    ev.CitationDelta: StreamWriter._delta,
    ev.LogprobsDelta: StreamWriter._delta,
    ev.ThinkingDelta: StreamWriter._delta,
    ev.Signature: StreamWriter._delta,
    ev.ArgumentsDelta: StreamWriter._delta,
    ev.RefusalDelta: StreamWriter._delta,
    ev.BlockStop: StreamWriter._stop,
    ev.Redacted: StreamWriter._whole,
    ev.ServerToolCall: StreamWriter._whole,
    ev.ServerToolResult: StreamWriter._whole,
    ev.Media: StreamWriter._whole,
    ev.Unknown: StreamWriter._whole,
    ev.UsageUpdate: StreamWriter._usage_update,
    ev.Finish: StreamWriter._finished,
    ev.End: StreamWriter._end,
    ev.Error: StreamWriter._error,
    ev.Ping: StreamWriter._ping,
}
