"""Parts of a candidate's content (https://ai.google.dev/api/caching#Part), as they are read.

Parts have no beginning or end: a block of text or of thinking is open until something else comes.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Literal

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.gemini.citations import Sources
from ccproxy.lightllm.gemini.names import camel
from ccproxy.lightllm.gemini.whole_parts import Events, WholeParts
from ccproxy.lightllm.logprobs import put_late
from ccproxy.lightllm.signatures import unsealed


class BlockReader:
    """Makes blocks of the parts of all chunks. Every method appends its events to `out`."""

    def __init__(self) -> None:
        self.sources = Sources()
        self._indices = count()
        self.whole = WholeParts(self._indices)
        self._index = 0
        self._open: Literal["", "text", "thinking"] = ""
        self._signed = False
        self._signature = ""
        """Of an empty part: it is told when another part comes, so that the text stays open for its sources."""

    def part(self, raw: dict[str, Any], out: Events) -> None:
        """One part, of whichever kind."""
        part = camel(raw)
        text, signature = part.get("text"), part.get("thoughtSignature") or ""
        if isinstance(text, str):
            if part.get("thought"):
                self._think(text, signature, out)
            else:
                self._say(text, signature, out)
            return
        rest = {name: value for name, value in part.items() if name not in MARKS}
        if not rest:
            self._say("", signature, out)
            return
        self._sign(signature, out)
        self.close(out)
        if part.get("thought"):  # a draft of an image: no part of the answer
            out.append(ev.Unknown(rest | {"thought": True}, WireFormat.GEMINI))
        else:
            self.whole.read(rest, out)

    def logprobs(self, tokens: list[dict[str, Any]], out: Events) -> None:
        """Log-probabilities of the text that is open."""
        if tokens and self._open == "text":
            out.append(ev.LogprobsDelta(self._index, tokens))
        elif tokens:
            put_late(tokens, out)

    def close(self, out: Events, last: bool = False) -> None:
        """Nothing more comes for the block that is open."""
        if not self._open:
            return
        if self._open == "text":
            out += self.sources.due(self._index, last)
        out.append(ev.BlockStop(self._index))
        self._open = ""

    def finish(self, out: Events) -> None:
        """Nothing more comes at all."""
        self.whole.finish(out)
        if self._open != "text" and self.sources.waiting:  # a call has closed the text that they back
            self._begin("text", out)
        if self._open == "text":
            self.close(out, last=True)
        self._sign("", out)
        self.close(out)

    def _begin(self, kind: Literal["text", "thinking"], out: Events) -> None:
        self.close(out)
        self._open, self._signed = kind, False
        self._index = next(self._indices)
        if kind == "text":
            self.sources.open()
            out.append(ev.TextStart(self._index))
        else:
            out.append(ev.ThinkingStart(self._index))

    def _say(self, text: str, signature: str, out: Events) -> None:
        if not text:
            if signature:
                self._sign("", out)
                self._signature = signature
            return
        if signature or self._signature:
            self._sign(signature, out)
        if self._open != "text":
            self._begin("text", out)
        self.sources.add(text)
        out.append(ev.TextDelta(self._index, text))

    def _think(self, text: str, signature: str, out: Events) -> None:
        self._sign("", out)
        if text:
            if self._open != "thinking" or self._signed:
                self._begin("thinking", out)
            out.append(ev.ThinkingDelta(self._index, text))
        self._sign(signature, out)

    def _sign(self, signature: str, out: Events) -> None:
        """Tells of signatures: of the thinking that came right before, else of a block without text."""
        for value in (self._signature, signature):
            if value and isinstance(value, str):
                if self._open != "thinking" or self._signed:
                    self._begin("thinking", out)
                out.append(ev.Signature(self._index, unsealed(value, WireFormat.GEMINI)))
                self._signed = True
        self._signature = ""


MARKS = frozenset({"thought", "thoughtSignature"})
"""Members that say something of a part and are none themselves."""
