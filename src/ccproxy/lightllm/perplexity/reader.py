"""Reads a stream of the web application as neutral events.

Each event holds ids, and blocks that say by `intended_usage` what they are for; those that `BLOCKS` does not have are
nothing to a client. Only an event with `final_sse_message` ends an answer well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.perplexity import older
from ccproxy.lightllm.perplexity.errors import EMPTY_CODE, read_event_error
from ccproxy.lightllm.perplexity.lenient import loads
from ccproxy.lightllm.perplexity.models import id_of
from ccproxy.lightllm.perplexity.patches import read_block, read_patch
from ccproxy.lightllm.perplexity.plan import Plan
from ccproxy.lightllm.perplexity.sources import Sources
from ccproxy.lightllm.perplexity.telling import Events, Telling

THREAD = ("backend_uuid", "context_uuid", "read_write_token", "thread_url_slug", "thread_title")
"""What events say of the thread, some of it late. The last one that says something counts."""
IDS = (*THREAD, "display_model")
LONGEST_MODEL = 100
LAST = b"end_of_stream"
"""The name of the event behind the final one, which says nothing."""

type Explain = Callable[[ev.WireError], ev.WireError]

CUT = ev.WireError(502, "the provider ended its stream in mid-answer", origin=WireFormat.PERPLEXITY)
EMPTY = ev.WireError(
    502, "the provider ended its stream without an answer", code=EMPTY_CODE, origin=WireFormat.PERPLEXITY
)


class StreamReader:
    """Reads one stream.

    Args:
        citations: what becomes of the markers `[N]`: `markdown` (links), `default` (as they are), `clean` (left out).
        whole: tell the text only when all of it is known, exactly as it is in the end. Without it the text is told as
            it comes, and where the application has changed its mind, the new text follows behind a blank line.
        explain: makes the error that is told out of one that was read.
    """

    def __init__(self, citations: str = "markdown", *, whole: bool = False, explain: Explain | None = None) -> None:
        self._explain = explain
        self._sources = Sources()
        self._plan = Plan(self._sources)
        self._telling = Telling(citations, self._sources, whole=whole)
        self._ids: dict[str, str] = {}
        self._whole, self._start = whole, ev.MessageStart(origin=WireFormat.PERPLEXITY)
        self._planned = self._started = self._final = self._done = False

    def read(self, name: bytes, data: bytes) -> Events:
        """The events of one frame."""
        if self._done or name == LAST:
            return []
        try:
            event = loads(data)
        except orjson.JSONDecodeError as error:
            raise Malformed(f"the provider sent an event that is not JSON: {error}") from error
        return self.read_event(event, name)

    def read_event(self, event: Any, name: bytes = b"") -> Events:
        """The events of one event's document. Raises Malformed."""
        if not isinstance(event, dict):
            raise Malformed("the provider sent an event that is no JSON object")
        for key in IDS:
            if (value := event.get(key)) and isinstance(value, str):
                self._ids[key] = value
        if (error := read_event_error(event, name)) is not None:
            return self._fail(error)
        out: Events = []
        if not self._started:
            self._started = True
            self._start.id, self._start.model = self._ids.get("backend_uuid", ""), self._model
            out.append(self._start)
        self._final = event.get("final_sse_message") is True
        self._read_blocks(event, out)
        self._telling.tell(out)
        return self._finish(event, out) if self._final else out or [ev.Ping()]

    @property
    def _model(self) -> str:
        """Who answers, as clients call it: another than was asked for where the subscription does not have that."""
        identifier = self._ids.get("display_model", "")
        return id_of(identifier) if len(identifier) <= LONGEST_MODEL else ""

    def end(self) -> Events:
        """The last events, when the body has ended."""
        if self._done:
            return []
        return self._fail(CUT if self._started else EMPTY)

    def _read_blocks(self, event: dict[str, Any], out: Events) -> None:
        listed = event.get("blocks")
        found: list[tuple[int, str, dict[str, Any]]] = []
        for block in listed if isinstance(listed, list) else ():
            usage = block.get("intended_usage") if isinstance(block, dict) else None
            if isinstance(usage, str) and usage in BLOCKS:
                found.append((BLOCKS[usage], usage, block))
        if len(found) > 1:
            found.sort(key=_rank)
        self._sources.begin()
        for kind, usage, block in found:
            READERS[kind](self, usage, block, out)
        if not self._planned and (steps := older.steps(event)):
            self._telling.think(self._plan.read_steps(steps), out)

    def _read_sources(self, usage: str, block: dict[str, Any], out: Events) -> None:
        if isinstance(results := block.get("web_result_block"), dict):
            self._sources.read_block(results)
        for path, value in _patches(block):
            self._sources.read_patch(path, value)

    def _read_plan(self, usage: str, block: dict[str, Any], out: Events) -> None:
        self._planned = True
        if isinstance(plan := block.get("plan_block"), dict):
            self._telling.think(self._plan.read_block(usage, plan), out)
        for path, value in _patches(block):
            self._telling.think(self._plan.read_patch(usage, path, value), out)

    def _read_text(self, usage: str, block: dict[str, Any], out: Events) -> None:
        draft = self._telling.draft
        for path, value in _patches(block):
            read_patch(draft, path, value)
        if isinstance(text := block.get("markdown_block"), dict):
            answer = text.get("answer")
            if self._final and isinstance(answer, str) and answer:
                self._telling.settle(answer)
            else:
                read_block(draft, text)
        if draft.length and not self._telling.begun:
            self._telling.think(self._plan.finish(), out)

    def _finish(self, event: dict[str, Any], out: Events) -> Events:
        """The final event's last events: an answer, or the reason why there is none."""
        self._telling.think(self._plan.finish(), out)
        draft = self._telling.draft
        if (not draft.length or draft.missing) and (answer := older.answer(event)):
            self._telling.settle(answer)
        if draft.missing:
            return [*out, *self._fail(CUT)]
        if not self._telling.finish(self._plan.questions, out):
            return [*out, *self._fail(EMPTY)]
        self._done = True
        slug = self._ids.get("thread_url_slug")
        thread = {name: self._ids.get(name, "") for name in THREAD} | {"answer": self._telling.text}
        told = {"pplx_thread_url_slug": slug, "session_id": slug} if slug else None
        if self._whole:
            self._start.model = self._model  # nobody has heard of the one that it began with
        out += (ev.Finish(ev.StopReason.DONE, None, "COMPLETED", told, thread, self._model), ev.End())
        return out

    def _fail(self, error: ev.WireError) -> Events:
        self._done = True
        return [ev.Error(self._explain(error) if self._explain is not None else error)]


def _patches(block: dict[str, Any]) -> list[tuple[Any, Any]]:
    diff = block.get("diff_block")
    patches = diff.get("patches") if isinstance(diff, dict) else None
    listed = patches if isinstance(patches, list) else ()
    return [(patch.get("path"), patch.get("value")) for patch in listed if isinstance(patch, dict)]


def _rank(found: tuple[int, Any, Any]) -> int:
    return found[0]


SOURCES, GOALS, STEPS, TEXT = range(4)
"""Kinds of blocks, in the order in which those of one event are read."""
BLOCKS: Mapping[str, int] = {
    "web_results": SOURCES,
    "plan": GOALS,
    "reasoning_plan_block": GOALS,
    "pro_search_steps": STEPS,
    "ask_text_0_markdown": TEXT,
}
"""What blocks are for, by `intended_usage`. `ask_text` says the same as the last once more, as plain text."""
READERS: Mapping[int, Callable[[StreamReader, str, dict[str, Any], Events], None]] = {
    SOURCES: StreamReader._read_sources,
    GOALS: StreamReader._read_plan,
    STEPS: StreamReader._read_plan,
    TEXT: StreamReader._read_text,
}
