"""The buffer of terminal events: bounded in number and age, handed out once, to the session they belong to."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccproxy.mcp.notifications import MAX_TASKS, NotificationBuffer


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def note(task: str = "t", session: str = "s", event: object = None, **more: object) -> bytes:
    return orjson.dumps({"task_id": task, "session_id": session, "event": event} | more)


def filled(buffer: NotificationBuffer, count: int, **fields: Any) -> NotificationBuffer:
    for number in range(count):
        assert buffer.post(note(event=number, **fields))
    return buffer


def test_events_come_out_once_in_their_order() -> None:
    buffer = NotificationBuffer(10, 60)
    for number, task in enumerate("abab"):
        assert buffer.post(note(task, event={"n": number, "text": "é\u2028"}))
    assert len(buffer) == 4
    taken = buffer.take("s")
    assert taken == {task: [{"n": n, "text": "é\u2028"} for n in range(4) if "abab"[n] == task] for task in "ab"}
    assert buffer.take("s") == {}
    assert len(buffer) == 0


def test_sessions_share_nothing() -> None:
    buffer = NotificationBuffer(10, 60)
    buffer.post(note("a", "one", 1))
    buffer.post(note("b", "two", 2))
    assert buffer.take("three") == {}
    assert buffer.take("two") == {"b": [2]}
    assert buffer.take("one") == {"a": [1]}


def test_either_session_id_fits() -> None:
    buffer = NotificationBuffer(10, 60)
    buffer.post(note("a", "terminal", 1, claude_session_id="claude"))
    assert buffer.take("claude") == {"a": [1]}
    buffer.post(note("a", "terminal", 2, claude_session_id="claude"))
    assert buffer.take("terminal") == {"a": [2]}


def test_an_empty_id_fits_nothing() -> None:
    buffer = NotificationBuffer(10, 60)
    buffer.post(note("a", "", 1))
    buffer.post(note("b", "s", 2))
    assert buffer.take("") == {}
    assert len(buffer) == 2


def test_the_session_a_task_was_first_seen_with_stays_its_own() -> None:
    buffer = NotificationBuffer(10, 60)
    buffer.post(note("a", "first", 1))
    buffer.post(note("a", "second", 2))
    assert buffer.take("second") == {}
    assert buffer.take("first") == {"a": [1, 2]}
    buffer.post(note("a", "second", 3))
    assert buffer.take("second") == {"a": [3]}


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 10, 11, 25])
def test_the_note_about_what_was_dropped_counts_toward_the_bound(limit: int, count: int) -> None:
    buffer = filled(NotificationBuffer(limit, 60), count)
    events = buffer.take("s").get("t", [])
    assert len(events) == min(limit, count)
    if count <= limit:
        assert events == list(range(count))
        return
    kept = list(range(count - limit + 1, count))
    lost = {"type": "ccproxy_buffer_overflow", "dropped_events": count - len(kept), "max_events": limit}
    assert events == [lost, *kept]


def test_tasks_overflow_each_for_itself_and_start_anew_once_taken() -> None:
    buffer = filled(NotificationBuffer(2, 60), 3, task="a")
    filled(buffer, 2, task="b")
    taken = buffer.take("s")
    assert [len(taken[task]) for task in "ab"] == [2, 2]
    assert taken["b"] == [0, 1]
    assert filled(buffer, 2, task="a").take("s") == {"a": [0, 1]}


def test_silence_makes_a_task_forgotten() -> None:
    clock = Clock()
    buffer = NotificationBuffer(10, 60, clock)
    buffer.post(note("a", event=1))
    clock.now += 50
    buffer.post(note("b", event=2))
    clock.now += 10
    assert len(buffer) == 2
    clock.now += 1
    assert len(buffer) == 1
    assert buffer.take("s") == {"b": [2]}
    buffer.post(note("a", event=3))
    clock.now += 60
    buffer.post(note("a", event=4))
    clock.now += 60
    assert buffer.take("s") == {"a": [3, 4]}, "each event lets a task live on"
    buffer.post(note("a", event=5))
    clock.now += 61
    assert buffer.take("s") == {}


def test_too_many_tasks_push_out_the_one_quiet_longest() -> None:
    buffer = NotificationBuffer(10, 60)
    for number in range(MAX_TASKS):
        buffer.post(note(f"t{number}", event=number))
    buffer.post(note("t0", event="again"))
    buffer.post(note("new", event=1))
    taken = buffer.take("s")
    assert len(taken) == MAX_TASKS
    assert "t1" not in taken
    assert taken["t0"] == [0, "again"]
    assert taken["new"] == [1]


GOOD = {"task_id": "t", "session_id": "s", "event": {}}
BAD: list[object] = [
    None, [], "x", 1, [GOOD], {},
    {"task_id": "t", "session_id": "s"},
    {"task_id": "t", "event": 1},
    {"session_id": "s", "event": 1},
    GOOD | {"task_id": 1},
    GOOD | {"session_id": None},
    GOOD | {"claude_session_id": None},
    GOOD | {"claude_session_id": ["x"]},
]  # fmt: skip


@pytest.mark.parametrize("body", [*map(orjson.dumps, BAD), b"", b"{", b"\xff", b'{"event":1', b"[" * 5000, b"nul"])
def test_what_is_no_notification(body: bytes) -> None:
    buffer = NotificationBuffer(10, 60)
    assert buffer.post(body) is False
    assert len(buffer) == 0


@pytest.mark.parametrize("event", [None, 0, "", [], {"type": "x"}, [1, {"a": None}]])
def test_any_event_is_one(event: object) -> None:
    buffer = NotificationBuffer(10, 60)
    assert buffer.post(note(event=event, unknown="member"))
    assert buffer.take("s") == {"t": [event]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "claude_session_id"]), inner),
    max_leaves=8,
)
NOTES = st.fixed_dictionaries({"task_id": st.sampled_from("abc"), "session_id": st.sampled_from("xyz"), "event": JSON})


@given(bodies=st.lists(st.binary(max_size=40) | (JSON | NOTES).map(orjson.dumps), max_size=40))
@example(bodies=[b"\xef\xbb\xbf" + orjson.dumps(GOOD)])
def test_any_body_is_taken_or_not(bodies: list[bytes]) -> None:
    """Nothing raises, the bound holds, and what was taken comes out."""
    buffer = NotificationBuffer(3, 60)
    taken = sum(buffer.post(body) for body in bodies)
    assert len(buffer) <= taken
    tasks = [events for session in "xyz" for events in buffer.take(session).values()]
    assert all(1 <= len(events) <= 3 for events in tasks)
