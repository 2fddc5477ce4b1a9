"""The parts of the way from the daemon to the archive: the queue, the frames, the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Attempt, Exchange, HttpRequest, HttpResponse, Message, RawRecord, Route, WebSocketRecord
from ccproxy.flows.archive.feeding.exclusion import Exclusion
from ccproxy.flows.archive.feeding.queue import MOST_WAITING, Queue
from ccproxy.flows.archive.feeding.shell import shell_of
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.writer.batch import Batch
from ccproxy.flows.archive.writer.desk import Desk
from ccproxy.flows.archive.writer.wire import Frame, Frames, Kind, Orders, head
from ccproxy.flows.record.record import Record, to_record
from ccproxy.flows.selection import Selection
from ccproxy.flows.store import size_of

FACTS = st.dictionaries(
    st.sampled_from(["timings", "request", "session", "front", "format", "headers", "response", "raw", "attempts"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=9) | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["started", "body", "x"]), inner),
        max_leaves=8,
    ),
)


def exchange(body: bytes = b"body", **more: Any) -> Exchange:
    answer = HttpResponse(200, [], chunks=[b"answer", b"s"], complete=True)
    request = HttpRequest("POST", b"/v1/messages", [(b"host", b"api.example.com")], body)
    return Exchange(request, provider_response=answer, response=answer, **more)


def sent(queue: Queue) -> list[str]:
    ids = []
    while (item := queue.next()) is not None:
        ids.append(item.id or f"forget {sorted(item.ids)}")
    return ids


def test_what_waits_stays_until_it_is_acknowledged_and_is_sent_again() -> None:
    queue, flows = Queue(1_000_000, 10), [exchange() for _ in range(3)]
    ids = [ex.id for ex in flows]
    for ex in flows:
        assert queue.put(ex)
    assert sent(queue) == ids
    queue.acknowledge(1)
    assert [queue.is_archived(id) for id in ids] == [True, False, False]
    first = queue.take_back()
    assert first is not None
    assert first.id == ids[1]
    assert sent(queue) == ids[1:]
    queue.acknowledge(3)
    assert (len(queue), queue.bytes, queue.written, queue.unacknowledged) == (0, 0, 3, False)


def test_without_room_a_shell_is_kept_and_at_last_nothing() -> None:
    large = exchange(b"x" * 100_000)
    queue = Queue(150_000, 10)
    assert queue.put(large)
    assert queue.put(exchange(b"y" * 100_000))
    assert queue.dropped.bodies == 1
    assert queue.bytes < 150_000
    for _ in range(MOST_WAITING - 2):
        assert queue.put(exchange())
    assert not queue.put(exchange())
    assert queue.dropped.flows == 1
    bodies = [item.exchange.request.body for item in (queue.next(), queue.next()) if item and item.exchange]
    assert bodies == [large.request.body, b""]


def test_a_single_flow_may_be_larger_than_the_queue() -> None:
    queue, large = Queue(1000, 10), exchange(b"x" * 100_000)
    queue.put(large)
    item = queue.next()
    assert item is not None
    assert item.exchange is large


def test_what_is_forgotten_is_not_sent_or_is_taken_back() -> None:
    queue, flows = Queue(1_000_000, 10), [exchange() for _ in range(4)]
    ids = [ex.id for ex in flows]
    for ex in flows[:2]:
        queue.put(ex)
    assert sent(queue) == ids[:2]
    for ex in flows[2:]:
        queue.put(ex)
    assert queue.forget([ids[0], ids[2], "no-such"]) == 2
    assert sent(queue) == [ids[3], f"forget ['{ids[0]}']"]
    queue.acknowledge(5)
    assert [queue.is_archived(id) for id in ids] == [False, True, False, True]
    assert queue.forget([ids[1]]) == 0
    assert not queue.is_archived(ids[1])
    assert (len(queue), queue.bytes) == (0, 0)


def test_only_so_many_ids_are_remembered() -> None:
    queue, flows = Queue(1_000_000, 2), [exchange() for _ in range(3)]
    for ex in flows:
        queue.put(ex)
    sent(queue)
    queue.acknowledge(3)
    assert [queue.is_archived(ex.id) for ex in flows] == [False, True, True]


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**63), st.binary(max_size=50)), max_size=5), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[Kind, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(head(kind, number, len(payload)) + payload for kind, number, payload in frames)
    parser, found = Frames(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += parser.take(stream[:cut])
        stream = stream[cut:]
    assert found == [Frame(*each) for each in frames]


def test_a_shell_has_no_body_and_knows_how_large_they_were() -> None:
    said = [Message(True, b"hello", 1.0)]
    ex = exchange(websocket=WebSocketRecord([b"ab"], [b"cde"], 1, said), raw=RawRecord(said, 2))
    ex.forwarded = replace(ex.request, body=b"another")
    ex.attempts = [Attempt(body=b"refused")]
    shell = shell_of(ex)
    assert to_record(shell).bodies == ()
    assert shell.response is shell.provider_response
    sizes = [(each.request.size, each.forwarded.size, each.response.size) for each in (ex, shell)]  # type: ignore[union-attr]
    assert sizes[0] == sizes[1] == (4, 7, 7)
    assert (shell.websocket.dropped, shell.raw.dropped) == (11, 7)  # type: ignore[union-attr]
    assert size_of(shell) < size_of(ex)
    assert ex.request.body == b"body"


@pytest.mark.parametrize(
    ("glob", "host", "is_excluded"),
    [
        ("api.example.com", "api.example.com", True),
        ("*.example.com", "API.example.com", True),
        ("*.example.com", "example.com", False),
        ("api.example.com:8080", "api.example.com", False),
        ("api.example.com:8080", "api.example.com:8080", True),
        ("192.0.2.*", "192.0.2.7", True),
        ("[2001:db8::1]:443", "[2001:db8::1]:443", True),
    ],
)
def test_hosts_that_are_left_out(glob: str, host: str, is_excluded: bool) -> None:
    ex = Exchange(HttpRequest("GET", b"/", [(b"Host", host.encode())]))
    assert Exclusion([glob]).matches(ex) is is_excluded


@pytest.mark.parametrize(
    ("target", "action", "is_excluded"),
    [
        (b"/health", "local", True),
        (b"/", "local", True),
        (b"/v1/models", "local", False),
        (b"/health", "redirect", False),
    ],
)
def test_signs_of_life_are_not_archived(target: bytes, action: Literal["local", "redirect"], is_excluded: bool) -> None:
    ex = Exchange(HttpRequest("GET", target, [(b"host", b"127.0.0.1:4000")]))
    ex.route = Route(action, None, None, None, "")
    assert Exclusion([]).matches(ex) is is_excluded


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, ArchiveReader, list[str]]]:
    """A writer's, a reader of its archive, and what it complained of."""
    path, complaints = tmp_path_factory.mktemp("state") / "flows.db", list[str]()
    desk = Desk(Orders(str(path), True, False, 1e9, 2**40, 10**6), complaints.append)
    batch = Batch()
    batch.add(1, desk.entry(to_record(exchange())), 1, 0.0)
    assert desk.write(batch) == []
    assert complaints == []
    with closing(ArchiveReader(path)) as reader:
        yield desk, reader, complaints
    desk.close()


@settings(max_examples=60, deadline=None)
@given(FACTS, st.lists(st.binary(max_size=20), max_size=2), st.booleans())
def test_a_record_that_cannot_be_read_is_archived_as_far_as_it_can_be_told(
    desk: tuple[Desk, ArchiveReader, list[str]], facts: dict[str, Any], bodies: list[bytes], whole: bool
) -> None:
    writer, reader, complaints = desk
    complaints.clear()
    good, batch = exchange(), Batch()
    record = Record((to_record(good).facts if whole else {}) | facts | {"id": good.id}, tuple(bodies))
    batch.add(1, writer.entry(record), 1, 0.0)
    assert writer.write(batch) == []
    told = next(flow for flow in reader.summaries(Selection()) if flow["id"] == good.id)
    assert whole or (complaints and told["error"]["kind"] == "unreadable")
