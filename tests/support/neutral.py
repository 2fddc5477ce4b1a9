"""Answers as neutral events: any legal sequence of them, as hypothesis strategies, and a few that have everything."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.events import StopReason

pieces = st.one_of(
    st.text(min_size=1, max_size=8),
    st.sampled_from(["Hello", " wörld", "\n", " ", "a\u2028b", '"\\', "😀", "x" * 300, "\x00", "data: [DONE]\n\n"]),
)
ids = st.one_of(
    st.sampled_from(["call_1", "toolu_01", "a b", "é", "x" * 90, "fc_1", "call|fc", "functions.f:0"]),
    st.text(min_size=1, max_size=12),
)
names = st.sampled_from(["get_weather", "f", "mcp__files__read", "a-b", "x" * 64])
texts = st.lists(pieces, max_size=4)
arguments = st.one_of(
    st.sampled_from(
        [["{", '"a": 1', "}"], ['{"city":"Zürich"}'], [], ["{}"], ['{"a":', '{"b":[1,2]}', "}"], ["", "{}"]]
    ),
    st.sampled_from([["[1]"], ["nonsense"], ['{"cut": "o'], [" "], ["null"], ['"text"']]),
)
counts = st.one_of(st.none(), st.integers(0, 10_000))
opaques = st.builds(ev.Opaque, st.sampled_from(CLIENT_FORMATS), st.sampled_from(["QUJD", "RXF5", "Zm9vYmFy", "eA=="]))
urls = st.sampled_from(["https://a.example/x", "https://b.example/y?z=1"])
citations = st.one_of(
    st.builds(ev.Citation, url=urls, title=st.one_of(st.none(), pieces), cited_text=st.one_of(st.none(), pieces)),
    st.builds(ev.Citation, url=urls, title=pieces, start=st.integers(0, 3), end=st.integers(3, 9)),
    st.builds(ev.Citation, st.just("document"), title=pieces, cited_text=pieces, document_id=st.sampled_from("012")),
    st.builds(ev.Citation, st.just("file"), title=pieces, document_id=st.just("file-1")),
)
usages = st.builds(
    lambda fresh, out, read, write, part: ev.Usage(
        fresh, out, read, write, reasoning=None if out is None or part is None else min(out, part)
    ),
    counts, counts, counts, counts, counts,
)  # fmt: skip
media = st.one_of(
    st.builds(ev.Media, st.sampled_from(["image/png", "image/jpeg", "audio/wav"]), st.just("iVBORw0KGgo=")),
    st.builds(ev.Media, st.just("image/png"), url=urls),
)
errors = st.builds(
    ev.WireError,
    st.sampled_from([400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529]),
    pieces,
    st.sampled_from(["", "overloaded_error", "rate_limit_exceeded", "UNAVAILABLE", "strange"]),
    st.one_of(st.none(), st.just("some_code")),
    st.one_of(st.none(), st.just("messages[0]")),
    st.one_of(st.none(), st.sampled_from(CLIENT_FORMATS)),
)
finishes = st.builds(ev.Finish, st.sampled_from(StopReason), st.one_of(st.none(), st.just("END")))


def token(text: str) -> dict[str, Any]:
    """A token's log-probability, as OpenAI writes it."""
    return {"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": []}


@st.composite
def text_block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    out: list[ev.Event] = [ev.TextStart(index)]
    for piece in draw(texts):
        out.append(ev.TextDelta(index, piece))
        if draw(st.integers(0, 9)) == 0:
            out.append(ev.LogprobsDelta(index, [token(piece)]))
    if len(out) > 1 and draw(st.integers(0, 4)) == 0:
        out += [ev.CitationDelta(index, each) for each in draw(st.lists(citations, min_size=1, max_size=2))]
    return [*out, ev.BlockStop(index)]


@st.composite
def thinking_block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    out: list[ev.Event] = [ev.ThinkingStart(index, draw(st.sampled_from(["", "rs_1", "x"])))]
    part = 0
    for piece in draw(texts):
        out.append(ev.ThinkingDelta(index, piece, part))
        part += draw(st.sampled_from([0, 0, 1]))
    if draw(st.booleans()):
        out.append(ev.Signature(index, draw(opaques)))
    return [*out, ev.BlockStop(index)]


@st.composite
def call_block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    custom = draw(st.integers(0, 7)) == 0
    content = draw(texts if custom else arguments)
    deltas = [ev.ArgumentsDelta(index, piece) for piece in content if piece]
    return [ev.ToolCallStart(index, f"{draw(ids)}{index}", draw(names), custom), *deltas, ev.BlockStop(index)]


@st.composite
def refusal_block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    return [
        ev.RefusalStart(index),
        *(ev.RefusalDelta(index, piece) for piece in draw(st.lists(pieces, min_size=1, max_size=3))),
        ev.BlockStop(index),
    ]


whole_blocks = st.one_of(
    st.builds(ev.Redacted, opaques),
    media,
    st.builds(
        ev.ServerToolCall,
        st.sampled_from(["srvtoolu_1", "ws_1", "a b"]),
        st.sampled_from(["web_search", "code_execution", "web_fetch", "other"]),
        st.sampled_from([{"query": "q"}, {"code": "1+1", "language": "python"}, {"url": "https://a.example"}, {}]),
    ),
    st.builds(
        ev.ServerToolResult,
        st.sampled_from(["srvtoolu_1", "ws_1", "a b"]),
        st.sampled_from(["web_search", "code_execution", "web_fetch", "other"]),
        st.sampled_from(["", "2\n"]),
        st.lists(st.builds(ev.Citation, url=urls, title=pieces), max_size=2),
        st.booleans(),
    ),
    st.builds(ev.Unknown, st.just({"type": "novelty", "x": 1}), st.sampled_from(list(CLIENT_FORMATS)[:3])),
)
starts = st.builds(
    ev.MessageStart,
    st.sampled_from(["", "msg_1", "chatcmpl-1", "resp_1", "x"]),
    st.sampled_from(["", "m-1"]),
    st.one_of(st.none(), st.just(1_700_000_000)),
    st.sampled_from([None, "default", "priority", "flex"]),
)


@st.composite
def block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    """The events of one block."""
    kinds = [text_block, text_block, thinking_block, call_block, call_block, refusal_block]
    kind = draw(st.integers(0, len(kinds)))
    if kind < len(kinds):
        return draw(kinds[kind](index))
    whole = draw(whole_blocks)
    if isinstance(whole, ev.ServerToolCall):
        whole.id += str(index)  # no two calls of an answer have one id
    return [whole]


@st.composite
def woven(draw: st.DrawFn, blocks: list[list[ev.Event]]) -> list[ev.Event]:
    """The events of blocks. Calls that follow one another may be open together."""
    out: list[ev.Event] = []
    for call, group in itertools.groupby(blocks, lambda each: isinstance(each[0], ev.ToolCallStart)):
        waiting = [list(each) for each in group]
        while waiting:
            queue = draw(st.sampled_from(waiting[: 3 if call else 1]))
            out.append(queue.pop(0))
            waiting = [each for each in waiting if each]
    return out


@st.composite
def answers(draw: st.DrawFn, *, failing: bool = False) -> list[ev.Event]:
    """A legal sequence of events: a whole answer, or one that breaks off in an error."""
    blocks = [draw(block(index)) for index in range(draw(st.integers(0, 5)))]
    middle = draw(woven(blocks)) if draw(st.booleans()) else [event for each in blocks for event in each]
    if draw(st.booleans()):
        middle.insert(draw(st.integers(0, len(middle))), ev.UsageUpdate(draw(usages)))
    if draw(st.integers(0, 3)) == 0:
        middle.insert(draw(st.integers(0, len(middle))), ev.Ping())
    head: list[ev.Event] = [draw(starts)]
    if failing:
        head = draw(st.sampled_from([head, []]))
        return [*head, *(middle[: draw(st.integers(0, len(middle)))] if head else []), ev.Error(draw(errors))]
    tail: list[ev.Event] = [draw(finishes), ev.UsageUpdate(draw(usages))]
    return [*head, *middle, *draw(st.sampled_from([tail, tail[::-1]])), ev.End()]


def samples() -> list[list[ev.Event]]:
    """Answers that between them have one of everything."""
    plain: list[ev.Event] = [
        ev.TextStart(0), ev.TextDelta(0, "Hello"), ev.TextDelta(0, " wörld"), ev.BlockStop(0),
    ]  # fmt: skip
    thought: list[ev.Event] = [
        ev.ThinkingStart(0, "rs_1"), ev.ThinkingDelta(0, "first"), ev.ThinkingDelta(0, "second", 1),
        ev.Signature(0, ev.Opaque(WireFormat.ANTHROPIC, "QUJD")), ev.BlockStop(0),
        ev.Redacted(ev.Opaque(WireFormat.ANTHROPIC, "RXF5")),
        ev.ThinkingStart(1), ev.Signature(1, ev.Opaque(WireFormat.GEMINI, "Zm9v")), ev.BlockStop(1),
        ev.ToolCallStart(2, "call_1", "get_weather"), ev.ArgumentsDelta(2, '{"city":'),
        ev.ArgumentsDelta(2, '"Rome"}'), ev.BlockStop(2),
        ev.ToolCallStart(3, "call_2", "f"), ev.ArgumentsDelta(3, "{}"), ev.BlockStop(3),
        ev.ToolCallStart(4, "call_3", "patch", True), ev.ArgumentsDelta(4, "free text"), ev.BlockStop(4),
    ]  # fmt: skip
    source = ev.Citation(url="https://a.example/x", title="A", cited_text="Hel", start=0, end=3)
    rich: list[ev.Event] = [
        ev.ServerToolCall("srvtoolu_1", "web_search", {"query": "q"}),
        ev.ServerToolResult("srvtoolu_1", "web_search", "", [ev.Citation(url="https://a.example/x", title="A")]),
        ev.ServerToolCall("srvtoolu_2", "code_execution", {"code": "1+1", "language": "python"}),
        ev.ServerToolResult("srvtoolu_2", "code_execution", "2"),
        ev.TextStart(0), ev.TextDelta(0, "Hello"), ev.CitationDelta(0, source),
        ev.LogprobsDelta(0, [token("Hello")]), ev.BlockStop(0),
        ev.Media("image/png", "iVBORw0KGgo="),
        ev.RefusalStart(1), ev.RefusalDelta(1, "I can't"), ev.BlockStop(1),
    ]  # fmt: skip
    start = ev.MessageStart("", "m-1", 1_700_000_000, "default")
    used = ev.UsageUpdate(ev.Usage(11, 5, 3, 2, reasoning=2))
    ends = [StopReason.DONE, StopReason.TOOL_CALL, StopReason.LENGTH]
    return [
        [start, *middle, ev.Finish(end), used, ev.End()]
        for middle, end in zip([plain, thought, rich], ends, strict=True)
    ]
