"""Errors of a provider of each format, as each SDK raises them: before an answer and in the middle of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.pairs import PAIRS, WAYS, Crossing
from tests.sdk.speakers.question import NAMES, Failed
from tests.support.provider_answers import error_event_of, stream_of
from tests.support.replies import RESET_BEFORE_HEADERS, chunk, stream
from tests.support.upstream import Hang, Reset, Send, Step, Upstream

pytestmark = pytest.mark.parametrize("pair", PAIRS, ids="-".join)
STATUSES = (400, 401, 403, 404, 429, 500, 503, 529)
LIMITED = {
    "anthropic": {"rate_limit_error"},
    "openai": {"rate_limit_error", "requests"},
    "openai_responses": {"rate_limit_error", "requests"},
    "gemini": {"RESOURCE_EXHAUSTED"},
}
"""What a client is told the type of an error 429 is."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_status(crossing: Crossing, status: int) -> None:
    with pytest.raises(crossing.speaker.errors[status]) as raised:
        crossing.say(crossing.question(f"SIM_ERROR {status}"))
    message, kind, headers = crossing.speaker.told(raised.value)
    assert getattr(raised.value, "status_code", None) or raised.value.code == status
    assert message == f"This is the error {status} that the prompt asked for."
    assert kind
    assert headers.get("retry-after") == ("1" if status in (429, 503, 529) else None)
    if status == 429:
        assert kind in LIMITED[crossing.client]
    record = crossing.record()
    assert (record["status"], record["error"]) == (status, None)


FAULTS = {
    "SIM_ERROR_MID 3": {
        "anthropic": "Overloaded",
        "openai": "The server had an error while processing your request.",
        "openai_responses": "The server had an error while processing your request.",
        "gemini": "The model is overloaded. Please try again later.",
    },
    "SIM_CUT 3": dict.fromkeys(NAMES, "the provider ended its stream"),
    "SIM_RESET 3": dict.fromkeys(NAMES, "closed the connection in the middle"),
}
"""The fault, and what is said of it where the provider has this format."""


@pytest.mark.parametrize("marker", FAULTS)
def test_a_fault_in_the_middle_of_a_stream(crossing: Crossing, marker: str) -> None:
    heard: list[str] = []
    with pytest.raises(broken(crossing, marker)) as raised:
        crossing.say(crossing.question(f"{marker} SIM_WORDS 9"), heard)
    assert "".join(heard).split() == ["the", "river", "runs"]
    assert FAULTS[marker][crossing.provider] in str(raised.value)
    failure = crossing.record()["error"]
    if crossing.translated:
        assert failure is not None
        assert FAULTS[marker][crossing.provider] in failure["message"]


@pytest.mark.parametrize("way", ["buffered"])
@pytest.mark.parametrize("marker", FAULTS)
def test_a_fault_in_a_whole_answer(crossing: Crossing, marker: str) -> None:
    status = 500 if marker.startswith("SIM_ERROR") else 502
    with pytest.raises(crossing.speaker.errors[status]) as raised:
        crossing.say(crossing.question(f"{marker} SIM_WORDS 9"))
    message, _, _ = crossing.speaker.told(raised.value)
    assert message
    assert crossing.record()["status"] == status


def broken(crossing: Crossing, marker: str = "") -> Any:
    """What is raised. OpenAI's SDK raises nothing on a `response.failed` of the provider, it is the answer then."""
    if crossing.client == crossing.provider == "openai_responses" and marker.startswith("SIM_ERROR"):
        return Failed
    return crossing.speaker.broken


def has_left(upstream: Upstream) -> bool:
    """True once the daemon has closed a connection in the middle of an answer."""
    end = time.monotonic() + 5
    while not upstream.left and time.monotonic() < end:
        time.sleep(0.01)
    return bool(upstream.left)


def unfinished(format: str, *last: Step) -> Callable[..., Any]:
    """A stream of which all but the last events come, and then something else."""
    pieces = stream_of(format, ["Hello", " there", " and", " more"])
    return stream(pieces[: 6 if format == "openai_responses" else 3], end=last)


def test_a_connection_is_reset_before_the_answer(wired: Crossing, wire: Upstream) -> None:
    wire.script = RESET_BEFORE_HEADERS
    with pytest.raises(wired.speaker.errors[502]):
        wired.say(wired.question("hello"))
    record = wired.record()
    assert record["status"] == 502
    assert record["error"] is not None


@pytest.mark.parametrize("fault", ["reset", "error"])
def test_a_stream_breaks_off_on_the_wire(wired: Crossing, wire: Upstream, fault: str) -> None:
    last = {"reset": Reset(), "error": Send(chunk(error_event_of(wired.provider, "too busy by far")) + b"0\r\n\r\n")}
    wire.script = unfinished(wired.provider, last[fault])
    heard: list[str] = []
    with pytest.raises(broken(wired, "SIM_ERROR" if fault == "error" else "")) as raised:
        wired.say(wired.question("hello"), heard)
    assert "".join(heard).startswith("Hello")
    assert fault == "reset" or "too busy by far" in str(raised.value)
    wired.daemon.healthy()


def test_a_client_goes_away_in_the_middle_of_a_stream(wired: Crossing, wire: Upstream) -> None:
    wire.script = unfinished(wired.provider, Hang())
    assert wired.speaker.leave(wired.key, wired.question("hello")) == "Hello"
    record = wired.record()
    assert record["error"]["kind"] == "client_disconnected"
    assert has_left(wire)
    wired.daemon.healthy()
