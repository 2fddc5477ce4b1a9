"""What a client is told: blocks of thinking, and one of text with its sources."""

from __future__ import annotations

from collections.abc import Sequence

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.perplexity.draft import Draft
from ccproxy.lightllm.perplexity.marks import Marks
from ccproxy.lightllm.perplexity.plan import Told
from ccproxy.lightllm.perplexity.sources import Sources

type Events = list[ev.Event]

MOST_REWRITES = 3
"""How many times a text is told anew as it comes. After that the client gets the next one at the end."""


class Telling:
    """The open blocks of one answer. Thinking is over when the text begins; more of it is another block."""

    def __init__(self, citations: str, sources: Sources, *, whole: bool) -> None:
        self.draft = Draft()
        self._marks = Marks(citations, sources)
        self._sources, self._whole = sources, whole
        self._rewrites = 0
        self._blocks = 0
        self._thinking = self._text = -1

    @property
    def begun(self) -> bool:
        """True once there is text."""
        return self._text >= 0

    @property
    def text(self) -> str:
        """The text as it was told."""
        return "".join(self._marks.told.pieces)

    def think(self, told: Told, out: Events) -> None:
        """Tells some thinking."""
        for between, text in told:
            first = self._thinking < 0
            if first:
                self._thinking = self._next()
                out.append(ev.ThinkingStart(self._thinking))
            out.append(ev.ThinkingDelta(self._thinking, text if first else between + text))

    def tell(self, out: Events) -> None:
        """Tells what of the text is new."""
        if not (self._whole or (self.draft.rewritten and self._rewrites >= MOST_REWRITES)):
            self._tell(out)

    def settle(self, text: str) -> None:
        """The text as the application shows it in the end. Told text is not told anew for the sake of its spaces."""
        self.draft.settle(text, exactly=self._whole)

    def finish(self, questions: Sequence[str], out: Events) -> bool:
        """Tells what is left, and the questions that the user is asked; False if that makes no answer."""
        if self._whole:
            self._write(self._marks.feed(self.draft.text), out)
        else:
            self._tell(out)
        self._write(self._marks.finish(), out)
        if questions:
            between = "\n\n" if self.begun else ""
            self._write(self._marks.aside(between + "\n".join(f"- {question}" for question in questions)), out)
        self._stop_thinking(out)
        if not self.begun:
            return False
        out += [ev.CitationDelta(self._text, citation) for citation in self._sources.citations()]
        out.append(ev.BlockStop(self._text))
        return True

    def _tell(self, out: Events) -> None:
        piece, rewritten = self.draft.take()
        if rewritten:
            self._marks.restart()
            if self.begun:
                self._rewrites += 1
                self._write(self._marks.aside("\n\n"), out)
        self._write(self._marks.feed(piece), out)

    def _write(self, text: str, out: Events) -> None:
        if not text:
            return
        if self._text < 0:
            self._stop_thinking(out)
            self._text = self._next()
            out.append(ev.TextStart(self._text))
        out.append(ev.TextDelta(self._text, text))

    def _stop_thinking(self, out: Events) -> None:
        if self._thinking >= 0:
            out.append(ev.BlockStop(self._thinking))
            self._thinking = -1

    def _next(self) -> int:
        self._blocks += 1
        return self._blocks - 1
