from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from ccproxy.exchange import HttpResponse
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive, Limits
from ccproxy.flows.reader import FlowMissing
from ccproxy.flows.selection import Selection

from .flows import body, entry, exchange, words

START = 1_700_000_000.0


def count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def ids(path: Path, **wanted: object) -> list[str]:
    with ArchiveReader(path) as reader:
        return [flow["id"] for flow in reader.summaries(Selection(**wanted))]  # type: ignore[arg-type]


def test_what_was_added_is_read_back(archive: Archive, path: Path) -> None:
    flows = [exchange(turn) for turn in range(8)]
    archive.add([entry(ex) for ex in flows])
    with ArchiveReader(path) as reader:
        assert reader.summaries(Selection()) == [entry(ex).summary for ex in flows]
        assert [reader.exchange(ex.id) for ex in flows] == flows


@pytest.mark.parametrize("data", [b"", b"\0\xff" * 40_000, b"{", words(1, 90_000).encode(), b'{"a":"\xff"}' * 300])
def test_bodies_of_any_kind_come_back_byte_for_byte(archive: Archive, path: Path, data: bytes) -> None:
    ex = exchange(1, data)
    ex.provider_response = HttpResponse(200, [], chunks=[data] if data else [])
    archive.add([entry(ex)])
    assert ArchiveReader(path).exchange(ex.id) == ex


def test_a_conversation_costs_what_is_new(archive: Archive, path: Path) -> None:
    flows = [exchange(turn) for turn in range(40)]
    raw = sum(ex.request.size for ex in flows)
    for ex in flows:
        archive.add([entry(ex)])
    with sqlite3.connect(path) as db:
        written, packed = db.execute("SELECT sum(size), sum(length(data)) FROM chunks").fetchone()
    assert written < 0.12 * raw
    assert packed < 0.7 * written


def test_a_body_that_several_flows_have_is_there_once(archive: Archive, path: Path) -> None:
    archive.add([entry(exchange(turn, body(3))) for turn in range(5)])
    assert count(path, "bodies") == 1 + 5
    assert count(path, "uses") == 2 * 5


def test_a_flow_that_comes_again_replaces_the_former(archive: Archive, path: Path) -> None:
    first, second = exchange(1), exchange(2)
    second.id = first.id
    archive.add([entry(first)])
    archive.add([entry(exchange(3)), entry(second)])
    archive.add([entry(first), entry(second)])
    with ArchiveReader(path) as reader:
        assert reader.exchange(first.id) == second
    assert count(path, "flows") == 2


def test_the_file_is_this_users_alone(archive: Archive, path: Path) -> None:
    archive.add([entry(exchange(1))])
    found = sorted(each.name for each in path.parent.iterdir())
    assert found == ["flows.db", "flows.db-shm", "flows.db-wal"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(archive: Archive, path: Path) -> None:
    archive.close()
    path.chmod(0o644)
    Archive.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_bodies_their_sizes_stay(archive: Archive, path: Path) -> None:
    ex = exchange(4)
    archive.add([entry(ex, keep_bodies=False)])
    found = ArchiveReader(path).exchange(ex.id)
    assert count(path, "bodies") == 0
    assert (found.request.body, found.request.size) == (b"", ex.request.size)
    assert found.response is not None
    assert ex.response is not None
    assert (found.response.body, found.response.size) == (b"", ex.response.size)


def test_what_only_deleted_flows_had_is_gone(archive: Archive, path: Path) -> None:
    flows = [exchange(turn) for turn in range(10)] + [exchange(99, words("other", 300_000).encode())]
    archive.add([entry(ex) for ex in flows])
    archive.checkpoint()
    before, chunks = path.stat().st_size, count(path, "chunks")
    assert archive.delete([flows[-1].id, flows[0].id, "none"]) == 2
    assert count(path, "chunks") < chunks
    assert path.stat().st_size < before - 50_000
    with ArchiveReader(path) as reader:
        assert [reader.exchange(ex.id) for ex in flows[1:-1]] == flows[1:-1]
        with pytest.raises(FlowMissing):
            reader.exchange(flows[0].id)


def test_deleting_everything_leaves_nothing(archive: Archive, path: Path) -> None:
    flows = [exchange(turn) for turn in range(10)]
    archive.add([entry(ex) for ex in flows])
    assert ArchiveReader(path).delete([ex.id for ex in flows]) == 10
    assert {table: count(path, table) for table in ("flows", "records", "uses", "bodies", "chunks")} == dict.fromkeys(
        ("flows", "records", "uses", "bodies", "chunks"), 0
    )


def test_what_was_deleted_is_not_in_the_files(archive: Archive, path: Path) -> None:
    flows = [exchange(turn, b"secret-in-a-body-%d" % turn, session=f"secret-session-{turn % 2}") for turn in range(40)]
    archive.add([entry(ex) for ex in flows])
    archive.delete([ex.id for ex in flows if ex.session == "secret-session-1"])
    left = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"secret-session-0" in left
    assert b"secret-session-1" not in left
    assert archive.delete([ex.id for ex in flows]) == 20
    left = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"secret-" not in left


def test_what_was_deleted_is_written_again(archive: Archive, path: Path) -> None:
    for forget in (lambda: archive.delete(ids(path)), lambda: archive.prune(Limits(max_flows=0), START)):
        ex = exchange(5)
        archive.add([entry(ex)])
        assert ArchiveReader(path).exchange(ex.id) == ex
        forget()
        assert count(path, "chunks") == 0
    archive.add([entry(ex)])
    assert ArchiveReader(path).exchange(ex.id) == ex


def test_what_another_process_deleted_is_written_again(archive: Archive, path: Path) -> None:
    first, again = exchange(5), exchange(5)
    archive.add([entry(first)])
    ArchiveReader(path).delete([first.id])
    archive.add([entry(again)])
    assert ArchiveReader(path).exchange(again.id) == again


def test_what_a_transaction_wrote_that_failed_is_written_again(archive: Archive, path: Path) -> None:
    ex = exchange(5)
    broken = entry(exchange(6))
    with pytest.raises(TypeError):
        archive.add([entry(ex), type(broken)(broken.record, {"not": object()})])
    assert count(path, "flows") == 0
    archive.add([entry(ex)])
    assert ArchiveReader(path).exchange(ex.id) == ex


def test_two_daemons_write_to_one_archive(archive: Archive, path: Path) -> None:
    other = Archive.open(path)
    flows = [exchange(turn) for turn in range(12)]
    for turn, ex in enumerate(flows):
        (archive, other)[turn % 2].add([entry(ex)])
    other.prune(Limits(max_flows=6), START)
    more = [exchange(turn) for turn in range(12, 16)]
    for turn, ex in enumerate(more):
        (archive, other)[turn % 2].add([entry(ex)])
    other.close()
    with ArchiveReader(path) as reader:
        assert [reader.exchange(id) for id in ids(path)] == flows[6:] + more


def test_daemons_that_start_together_make_one_archive(path: Path) -> None:
    together, notes = threading.Barrier(6), list[str]()

    def start(turn: int) -> None:
        together.wait()
        archive = Archive.open(path)
        notes.append(archive.note)
        archive.add([entry(exchange(turn))])
        archive.close()

    daemons = [threading.Thread(target=start, args=(turn,)) for turn in range(6)]
    for each in daemons:
        each.start()
    for each in daemons:
        each.join()
    assert notes == [""] * 6
    assert len(ids(path)) == 6


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (Limits(), 20),
        (Limits(max_flows=7), 7),
        (Limits(max_flows=100, max_age=100), 20),
        (Limits(max_age=5.5), 5),
        (Limits(max_flows=3, max_age=5.5), 3),
        (Limits(max_flows=0), 0),
    ],
)
def test_the_oldest_go_first(archive: Archive, path: Path, limits: Limits, left: int) -> None:
    flows = [exchange(turn) for turn in range(20)]
    archive.add([entry(ex) for ex in reversed(flows)])
    pruned = archive.prune(limits, now=START + 20)
    assert pruned.flows == 20 - left
    assert ids(path) == [ex.id for ex in flows[20 - left :]]
    with ArchiveReader(path) as reader:
        assert [reader.exchange(ex.id) for ex in flows[20 - left :]] == flows[20 - left :]


def test_a_file_that_is_too_large_shrinks(archive: Archive, path: Path) -> None:
    flows = [exchange(turn, words(turn, 60_000).encode()) for turn in range(40)]
    archive.add([entry(ex) for ex in flows])
    archive.checkpoint()
    limit = path.stat().st_size // 2
    pruned = archive.prune(Limits(max_bytes=limit), now=START)
    assert 0 < path.stat().st_size <= limit
    assert pruned.bytes > 0
    left = ids(path)
    assert left == [ex.id for ex in flows[-len(left) :]]
    assert 10 < len(left) < 30
    assert archive.prune(Limits(max_bytes=limit), now=START).flows == 0


def test_a_flow_keeps_its_sealed_credentials(archive: Archive, path: Path) -> None:
    archive.add([entry(exchange(1), secrets=b"sealed")])
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT secrets FROM records").fetchone() == (b"sealed",)


def test_a_large_body_is_read_back(archive: Archive, path: Path) -> None:
    ex = exchange(1, bytes(range(256)) * 200_000)
    archive.add([entry(ex)])
    assert ArchiveReader(path).exchange(ex.id).request.body == ex.request.body
