from __future__ import annotations

import random
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from ccproxy.exchange import Exchange
from ccproxy.flows.archive import schema
from ccproxy.flows.archive.faults import ArchiveDamaged
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive
from ccproxy.flows.reader import ArchiveError, FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection

from .flows import entry, written

FLIPS = 200


class Expected:
    """What an intact archive says."""

    def __init__(self, flows: list[Exchange]) -> None:
        self.flows = {ex.id: ex for ex in flows}
        self.summaries = {ex.id: entry(ex).summary for ex in flows}

    def check(self, path: Path, some: random.Random) -> int:
        """Reads everything; 0 if all was right, 1 if something was said to be damaged."""
        faults = 0
        try:
            reader = ArchiveReader(path, wait=0.1)
        except ArchiveError:
            return 1
        with reader:
            faults += self._lists(reader)
            for id in some.sample(sorted(self.flows), 3):
                try:
                    assert reader.exchange(id) == self.flows[id]
                except (ArchiveError, FlowDamaged, FlowMissing):
                    faults = 1
        return faults

    def _lists(self, reader: ArchiveReader) -> int:
        try:
            told = reader.summaries(Selection())
            assert all(self.summaries[flow["id"]] == flow for flow in told)
            assert all(self.summaries[flow["id"]] == flow for _, flow in reader.after(0))
            assert all(id in self.flows for id in reader.find("a"))
            reader.last()
        except ArchiveError:
            return 1
        return int(reader.damaged > 0 or len(told) < len(self.flows))


def test_a_byte_that_changed_gives_no_wrong_data(path: Path) -> None:
    expected = Expected(written(path))
    whole, dice, faults = path.read_bytes(), random.Random(5), 0
    for number in range(FLIPS):
        at = dice.randrange(100) if number % 10 == 0 else dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        faults += expected.check(path, dice)
    assert 0 < faults < FLIPS


def test_a_file_that_ends_too_soon_gives_no_wrong_data(path: Path) -> None:
    expected = Expected(written(path))
    whole, dice = path.read_bytes(), random.Random(6)
    faults = 0
    for _ in range(20):
        path.write_bytes(whole[: dice.randrange(len(whole))])
        faults += expected.check(path, dice)
    assert faults > 10


def test_a_damaged_page_hides_only_its_own_flows(path: Path) -> None:
    flows = written(path, 40, b"{}")
    with sqlite3.connect(path) as db:
        row = "SELECT pageno FROM dbstat WHERE name = 'flows' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1"
        page = db.execute(row).fetchone()[0]
    data = bytearray(path.read_bytes())
    data[(page - 1) * schema.PAGE_BYTES] = 0xFF
    path.write_bytes(data)
    with ArchiveReader(path) as reader:
        told = reader.summaries(Selection())
        assert 0 < len(told) < len(flows)
        assert reader.damaged == len(flows) - len(told)
        assert reader.exchange(told[-1]["id"]) in flows


def test_a_damaged_body_hurts_only_those_that_have_it(path: Path) -> None:
    flows = written(path)
    with sqlite3.connect(path) as db:
        body = db.execute(
            "SELECT body FROM uses JOIN flows USING (seq) WHERE id = ? AND place = 0", (flows[3].id,)
        ).fetchone()
        db.execute("UPDATE bodies SET manifest = zeroblob(9) WHERE id = ?", body)
    with ArchiveReader(path) as reader:
        with pytest.raises(FlowDamaged, match=r"body 1 of 2 of flow .*other flows"):
            reader.exchange(flows[3].id)
        assert reader.exchange(flows[4].id) == flows[4]


def test_a_damaged_list_of_chunks_keeps_nobody_from_pruning(path: Path) -> None:
    flows = written(path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE bodies SET manifest = zeroblob(9) WHERE id = 3")
    with ArchiveReader(path) as reader:
        assert reader.delete([flows[0].id, flows[1].id]) == 2
        assert reader.exchange(flows[4].id) == flows[4]


def test_a_damaged_name_in_the_tables_is_told_or_moved_aside(path: Path) -> None:
    written(path)
    path.write_bytes(path.read_bytes().replace(b"TABLE dictionaries", b"TABLE diction\xe1ries"))
    with pytest.raises(ArchiveDamaged, match="is damaged"):
        ArchiveReader(path)
    archive = Archive.open(path)
    assert "damaged-" in archive.note
    archive.close()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("UPDATE chunks SET data = zeroblob(length(data)), dictionary = 0", "a piece of it is damaged"),
        ("UPDATE chunks SET data = zeroblob(length(data))", "body"),
        ("UPDATE chunks SET data = 'text'", "a piece of it is damaged"),
        ("UPDATE chunks SET dictionary = 7", "no dictionary"),
        ("UPDATE chunks SET dictionary = 'x'", "no dictionary"),
        ("UPDATE chunks SET size = -1", "a piece of it is damaged"),
        ("DELETE FROM chunks WHERE id = 1", "a piece of it is not there"),
        ("DELETE FROM bodies", "it is not there"),
        ("DELETE FROM records", "the record of flow"),
        ("UPDATE records SET facts = zeroblob(40)", "the record of flow"),
        ("UPDATE records SET facts = (SELECT facts FROM records WHERE seq = 2)", "another flow's"),
        ("UPDATE records SET facts = 7", "the record of flow"),
    ],
)
def test_each_part_is_named_when_it_is_damaged(path: Path, change: str, part: str) -> None:
    flows = written(path, 2)
    with sqlite3.connect(path) as db:
        db.execute(change)
    with ArchiveReader(path) as reader, pytest.raises(FlowDamaged, match=part):
        reader.exchange(flows[0].id)


@pytest.mark.parametrize("seed", range(6))
def test_in_an_archive_with_many_damaged_bytes_all_loss_is_counted(path: Path, seed: int) -> None:
    flows = written(path, 300, b"{}")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data, dice = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(100):
        data[dice.randrange(schema.PAGE_BYTES * 4, len(data))] ^= 0xFF
    path.write_bytes(data)
    try:
        reader = ArchiveReader(path)
    except ArchiveError:
        return
    with reader:
        told = reader.summaries(Selection())
        assert len(told) < len(flows)
        assert len(told) + reader.damaged == len(flows) or reader.more_damaged
        for ex in flows:
            # An id whose own bytes changed is found under no name.
            lost = () if any(flow["id"] == ex.id for flow in told) else (FlowMissing,)
            with suppress(FlowDamaged, *lost):
                assert reader.exchange(ex.id) == ex
