"""What a format's writer writes, its reader reads back the same; what is lost is counted under a rule that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm import translate as tr
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.formats import stream_module
from tests.support.disorder import FORMATS
from tests.support.examples import examples
from tests.support.judges import body_faults, stream_faults
from tests.support.neutral import answers, samples
from tests.support.promises import USAGE

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from(FORMATS)

ANTHROPIC, CHAT, RESPONSES, GEMINI = FORMATS


@dataclass
class Seen:
    """What can be seen of an answer in every format."""

    text: str
    thinking: str
    refusal: str
    calls: list[tuple[str, Any]]
    sources: set[str]
    """By their URLs."""
    others: set[str | None]
    """What may become a source's URL where the format has nothing else, or is a source of the whole answer."""
    media: list[str]
    logprobs: list[str]
    signatures: list[tuple[str, str]]
    redacted: list[tuple[str, str]]
    usage: ev.Usage
    stop: StopReason | None
    ids: list[str] = field(default_factory=list)


def seen(answer: Answer) -> Seen:
    """What can be seen of an answer. Blocks of one kind are taken together: some formats merge them."""
    blocks = answer.blocks
    texts = [block for block in blocks if isinstance(block, an.Text)]
    thoughts = [block for block in blocks if isinstance(block, an.Thinking)]
    calls = [block for block in blocks if isinstance(block, an.ToolCall)]
    return Seen(
        text="".join(block.text for block in texts),
        thinking="".join(block.text for block in thoughts),
        refusal="".join(block.text for block in blocks if isinstance(block, an.Refusal)),
        calls=[(block.name, arguments(block)) for block in calls],
        sources={source.url for block in texts for source in block.citations if source.url},
        others={
            *(name for block in texts for source in block.citations for name in (source.title, source.document_id)),
            *(source.url for block in blocks if isinstance(block, ev.ServerToolResult) for source in block.sources),
        },
        media=[block.url or block.data for block in blocks if isinstance(block, ev.Media)],
        logprobs=[token["token"] for block in texts for token in block.logprobs],
        signatures=[(block.signature.origin, block.signature.data) for block in thoughts if block.signature],
        redacted=[(block.opaque.origin, block.opaque.data) for block in blocks if isinstance(block, ev.Redacted)],
        usage=answer.usage,
        stop=answer.finish.reason if answer.finish else None,
        ids=[block.id for block in calls],
    )


def arguments(call: an.ToolCall) -> Any:
    """A call's arguments as an object, by the rule that text which is none is wrapped."""
    if call.custom:
        return {"input": call.arguments}
    text = call.arguments.strip()
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = text
    return value if isinstance(value, dict) else {} if value is None else {"arguments": value}


@dataclass
class Trip:
    """An answer before and after, and what was counted as lost."""

    sent: Answer
    got: Answer
    drops: dict[str, int]


def by_stream(format: WireFormat, events: list[ev.Event]) -> Trip:
    asked = Asked("m-1", USAGE)
    writer = stream_module(format).StreamWriter(asked)
    out = b"".join(writer.write(event) for event in events)
    # Arguments that stop in the middle have gone out by the time it shows.
    assert [fault for fault in stream_faults(format, out) if not fault.endswith(".input is None")] == [], out
    return Trip(collect(events), tr.read_stream(out, format), asked.drops.counts)


def by_body(format: WireFormat, events: list[ev.Event]) -> Trip:
    asked = Asked("m-1", USAGE)
    out = tr.write_answer(collect(events), format, asked)
    assert body_faults(format, out) == [], out
    return Trip(collect(events), tr.read_answer(tr.parsed(out), format), asked.drops.counts)


REFUSES = {CHAT, RESPONSES}
"""Formats with a place for words of refusal; in others they are text."""


def check_trip(format: WireFormat, trip: Trip) -> None:
    """Asserts that nothing was lost in silence."""
    assert trip.got.error is None
    sent, got = seen(trip.sent), seen(trip.got)
    check_words(format, sent, got, trip)
    check_state(format, sent, got, trip.drops)
    check_numbers(format, sent, got)


def check_words(format: WireFormat, sent: Seen, got: Seen, trip: Trip) -> None:
    assert sent.calls == got.calls or sorted(map(str, sent.calls)) == sorted(map(str, got.calls))
    assert len(set(got.ids)) == len(got.ids)
    if format in REFUSES:
        assert (got.text, got.refusal) == (sent.text, sent.refusal)
    else:
        assert sorted(got.text) == sorted(sent.text + sent.refusal)
    squeezed = sent.thinking.replace("\n\n", "")
    assert got.thinking.replace("\n\n", "") == squeezed


def check_state(format: WireFormat, sent: Seen, got: Seen, drops: dict[str, int]) -> None:
    assert got.sources <= sent.sources | sent.others
    for rule, before, after in (
        ("citations", sent.sources, got.sources),
        ("media", sent.media, got.media),
        ("logprobs", sent.logprobs, got.logprobs),
        ("signature", sent.signatures + sent.redacted, got.signatures + got.redacted),
    ):
        lost = len(after) < len(before) or any(each not in after for each in before)
        assert not lost or rule in drops, (rule, before, after)


def check_numbers(format: WireFormat, sent: Seen, got: Seen) -> None:
    assert got.usage.total_input == sent.usage.total_input
    assert (got.usage.output or 0) == (sent.usage.output or 0)
    assert (got.usage.cache_read or 0) == (sent.usage.cache_read or 0)
    assert got.stop in stops(format, sent)


def stops(format: WireFormat, sent: Seen) -> set[StopReason | None]:
    """Reasons with which an answer may come back."""
    if sent.stop is StopReason.LENGTH:
        return {StopReason.LENGTH}
    if sent.stop is StopReason.FILTER:
        return {StopReason.REFUSAL if format is ANTHROPIC else StopReason.FILTER}
    if sent.calls:
        return {sent.stop, StopReason.TOOL_CALL, NEAR.get(sent.stop, sent.stop)}
    return {sent.stop, StopReason.DONE, *REFUSED[bool(sent.refusal) or sent.stop is StopReason.REFUSAL], *OTHER}


REFUSED: dict[bool, set[StopReason]] = {True: {StopReason.REFUSAL, StopReason.FILTER}, False: set()}
OTHER = {StopReason.OTHER}
"""What Gemini says of a pause."""
NEAR: dict[StopReason | None, StopReason] = {
    StopReason.REFUSAL: StopReason.FILTER,
    StopReason.PAUSE: StopReason.OTHER,
}

WAYS: list[Callable[[WireFormat, list[ev.Event]], Trip]] = [by_stream, by_body]


@settings(quick, max_examples=examples(400))
@given(formats, answers(), st.sampled_from(WAYS))
def test_answers_come_back(format: WireFormat, events: list[ev.Event], way: Any) -> None:
    check_trip(format, way(format, events))


@settings(quick, max_examples=150)
@given(formats, answers())
def test_streams_and_bodies_agree(format: WireFormat, events: list[ev.Event]) -> None:
    streamed, whole = by_stream(format, events), by_body(format, events)
    a, b = seen(streamed.got), seen(whole.got)
    assert (a.text, a.refusal, a.thinking, a.sources, a.usage, a.stop) == (
        b.text, b.refusal, b.thinking, b.sources, b.usage, b.stop,
    )  # fmt: skip
    assert sorted(map(str, a.calls)) == sorted(map(str, b.calls))
    assert known(streamed.drops) == known(whole.drops)


def known(drops: dict[str, int]) -> dict[str, int]:
    """What can be counted in a stream too, where arguments have gone out before it shows what they are."""
    return {rule: count for rule, count in drops.items() if rule != "invalid_arguments"}


@settings(quick, max_examples=100)
@given(formats, answers(failing=True))
def test_failures_come_back(format: WireFormat, events: list[ev.Event]) -> None:
    asked = Asked("m-1", USAGE)
    writer = stream_module(format).StreamWriter(asked)
    out = b"".join(writer.write(event) for event in events)
    assert stream_faults(format, out) == [], out
    assert writer.write(ev.TextStart(99)) + writer.write(ev.End()) == b""
    got = tr.read_stream(out, format)
    error = collect(events).error
    assert got.error is not None
    assert error is not None
    assert got.error.message == error.message


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("events", samples())
def test_samples_come_back(format: WireFormat, way: Any, events: list[ev.Event]) -> None:
    check_trip(format, way(format, events))
