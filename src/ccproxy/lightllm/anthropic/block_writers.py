"""Blocks that come in pieces, as the events of a stream.

Text and thinking begin with their first piece: the API refuses empty blocks when they are sent back.
"""

from __future__ import annotations

from typing import Any

from orjson import dumps

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.citations import write_citation
from ccproxy.lightllm.anthropic.frames import SUFFIX, block_start, block_stop, delta, delta_prefix
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.signatures import sealed


class BlockWriter:
    """Writes one block: `event` is what opened it, `index` the block's on the wire. This one stands for no block."""

    def __init__(self, event: Any, index: int, drops: Drops) -> None:
        self.index = index
        self.opened = False
        self._drops = drops

    def begin(self) -> bytes:
        """What is due when the block opens."""
        return b""

    def add(self, event: Any) -> bytes:
        """What is due for a delta of the block."""
        return b""

    def end(self) -> bytes:
        """What is due when the block is whole."""
        return block_stop(self.index) if self.opened else b""


class TextWriter(BlockWriter):
    """Text, and words of refusal, for which the format has no other place."""

    def __init__(self, event: Any, index: int, drops: Drops) -> None:
        super().__init__(event, index, drops)
        self._prefix = delta_prefix(index, "text_delta", "text")
        self._logprobs = False

    def add(self, event: Any) -> bytes:
        if type(event) is ev.TextDelta or type(event) is ev.RefusalDelta:
            if self.opened:
                return self._prefix + dumps(event.text) + SUFFIX
            return self._open() + self._prefix + dumps(event.text) + SUFFIX
        if type(event) is ev.LogprobsDelta:
            if not self._logprobs:
                self._drops.add("logprobs")
            self._logprobs = True
            return b""
        citation = write_citation(event.citation, self._drops)
        if citation is None:
            return b""
        return self._open() + delta(self.index, {"type": "citations_delta", "citation": citation})

    def _open(self) -> bytes:
        if self.opened:
            return b""
        self.opened = True
        return block_start(self.index, {"type": "text", "text": ""})


class ThinkingWriter(BlockWriter):
    """Thinking. What a provider keeps apart becomes paragraphs; the signature comes last."""

    def __init__(self, event: Any, index: int, drops: Drops) -> None:
        super().__init__(event, index, drops)
        self._prefix = delta_prefix(index, "thinking_delta", "thinking")
        self._part: tuple[int, bool] | None = None
        self._signature = ""

    def add(self, event: Any) -> bytes:
        if type(event) is ev.Signature:
            self._signature = sealed(event.opaque, WireFormat.ANTHROPIC)
            return b""
        part = (event.part, event.raw)
        text = event.text
        if part != self._part:
            text = text if self._part is None else "\n\n" + text
            self._part = part
        return self._open() + self._prefix + dumps(text) + SUFFIX

    def end(self) -> bytes:
        if not self._signature:
            return super().end()
        signed = delta(self.index, {"type": "signature_delta", "signature": self._signature})
        return self._open() + signed + super().end()

    def _open(self) -> bytes:
        if self.opened:
            return b""
        self.opened = True
        return block_start(self.index, {"type": "thinking", "thinking": "", "signature": ""})
