from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccproxy.exchange import Exchange
from ccproxy.flows.archive import schema
from ccproxy.flows.archive.faults import ArchiveDamaged
from ccproxy.flows.archive.opening import transaction
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive, Limits, Settings
from ccproxy.flows.reader import ArchiveError, FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection

from .flows import entry, exchange, words

NOBODY = 65534
ROOT = Path(__file__).parents[3]
FLIPS = 300


def written(path: Path, turns: int = 12, data: bytes | None = None) -> list[Exchange]:
    """An archive with flows, closed, everything in its file."""
    flows = [exchange(turn, data) for turn in range(turns)]
    archive = Archive.open(path)
    archive.add([entry(ex) for ex in flows])
    archive.checkpoint()
    archive.close()
    return flows


def read_all(path: Path) -> list[Exchange]:
    with ArchiveReader(path, wait=0.1) as reader:
        return [reader.exchange(flow["id"]) for flow in reader.summaries(Selection())]


def add_many(archive: Archive, turns: range) -> Iterator[Exchange]:
    """Adds flows with large bodies, each by itself."""
    for turn in turns:
        ex = exchange(turn, words(turn, 40_000).encode())
        archive.add([entry(ex)])
        yield ex


def test_there_is_none(path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive") as told:
        ArchiveReader(path)
    assert told.value.fix
    assert not path.exists()


@pytest.mark.parametrize(
    "data", [b"no database at all, by its first bytes " * 200, b"SQLite format 3\0" + b"\xff" * 9000, b"short"]
)
def test_what_is_no_database_is_moved_aside(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(ArchiveDamaged, match="is damaged"):
        ArchiveReader(path).summaries(Selection())
    for number in range(2):
        path.write_bytes(data)
        archive = Archive.open(path)
        aside = [each for each in path.parent.iterdir() if "damaged-" in each.name]
        assert len(aside) == number + 1
        assert str(sorted(aside)[0])[:-4] in archive.note
        archive.add([entry(exchange(1))])
        archive.close()
    assert {each.read_bytes() for each in aside} == {data}
    assert len(read_all(path)) == 1


def test_an_empty_file_becomes_an_archive(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(ArchiveError):
        ArchiveReader(path)
    archive = Archive.open(path)
    assert archive.note == ""
    archive.close()
    assert read_all(path) == []


def test_a_file_of_another_program_stays(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    for use in (Archive.open, ArchiveReader):
        with pytest.raises(ArchiveError, match="of another program"):
            use(path)
    assert path.read_bytes() == before


def test_a_newer_archive_stays(path: Path) -> None:
    written(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    for use in (Archive.open, ArchiveReader):
        with pytest.raises(ArchiveError, match="version 99") as told:
            use(path)
        assert "newer ccproxy" in told.value.fix
    assert [each.name for each in path.parent.iterdir() if "damaged" in each.name] == []


def test_an_older_archive_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = written(path)

    def second(db: sqlite3.Connection) -> None:
        schema.run_script(db, "ALTER TABLE flows ADD COLUMN note TEXT;\nUPDATE flows SET note = 'kept'")

    def third(db: sqlite3.Connection) -> None:
        schema.run_script(db, "CREATE TABLE more (x);\nINSERT INTO more SELECT note FROM flows")

    def broken(db: sqlite3.Connection) -> None:
        third(db)
        db.execute("INSERT INTO nothing VALUES (1)")

    with sqlite3.connect(path, isolation_level=None) as db:
        with pytest.raises(sqlite3.OperationalError), transaction(db):
            schema.migrate(db, (*schema.STEPS, second, broken))
        assert schema.version_of(db) == schema.VERSION
        with transaction(db):
            schema.migrate(db, (*schema.STEPS, second))
        assert schema.version_of(db) == schema.VERSION + 1
        with transaction(db):
            schema.migrate(db, (*schema.STEPS, second, third))
        assert db.execute("SELECT count(*) FROM more WHERE x = 'kept'").fetchone() == (len(flows),)
        db.execute(f"PRAGMA user_version = {schema.VERSION}")
    assert read_all(path) == flows


def test_a_reader_leaves_an_older_archive_to_the_daemon(path: Path) -> None:
    written(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 0")
    with pytest.raises(ArchiveError, match="version 0") as told:
        ArchiveReader(path)
    assert "daemon" in told.value.fix


def test_a_locked_archive_says_so_and_is_whole_after(path: Path) -> None:
    flows = written(path)
    archive = Archive.open(path, Settings(wait=0.05))
    with ArchiveReader(path, wait=0.05) as reader, sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ArchiveError, match="locked"):
            archive.add([entry(exchange(50))])
        assert len(reader.summaries(Selection())) == len(flows)
        other.execute("ROLLBACK")
    more = exchange(51)
    archive.add([entry(more)])
    archive.close()
    assert read_all(path) == [*flows, more]


def test_an_archive_that_another_has_for_itself_says_so(path: Path) -> None:
    flows = written(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("COMMIT")
        with pytest.raises(ArchiveError, match="locked") as told:
            ArchiveReader(path, wait=0.05).summaries(Selection())
        assert told.value.fix
    other.close()
    assert read_all(path) == flows


def test_a_full_disk_takes_no_half_flow(path: Path) -> None:
    archive, kept = Archive.open(path, Settings(most_pages=60)), []
    with pytest.raises(ArchiveError, match="disk is full"):
        kept.extend(add_many(archive, range(100)))
    assert 3 < len(kept) < 100
    assert read_all(path) == kept
    archive.prune(Limits(max_flows=2), now=0)
    archive.add([entry(exchange(101))])
    assert len(read_all(path)) == 3


def test_a_file_that_may_not_grow_takes_no_half_flow(path: Path) -> None:
    flows = written(path)

    archive, limits = Archive.open(path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, limits[1]))  # Python ignores SIGXFSZ
    try:
        with pytest.raises(ArchiveError):
            list(add_many(archive, range(100, 150)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    archive.add([entry(exchange(151))])
    archive.close()
    left = read_all(path)
    assert left[: len(flows)] == flows
    assert len(flows) < len(left) < len(flows) + 50


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that others can reach, as pytest's are not."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@contextmanager
def not_writable(directory: Path) -> Iterator[None]:
    modes = {each: each.stat().st_mode for each in [*directory.iterdir(), directory]}
    for each in modes:
        each.chmod(0o555 if each.is_dir() else 0o444)
    try:
        yield
    finally:
        for each, mode in modes.items():
            each.chmod(mode)


@contextmanager
def without_rights() -> Iterator[None]:
    """As another user; root may everything."""
    if os.getuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_archive_that_cannot_be_written_can_be_read(public: Path) -> None:
    path = public / "state" / "flows.db"
    flows = written(path)
    with not_writable(path.parent), without_rights():
        assert read_all(path) == flows
        with pytest.raises(ArchiveError) as told:
            Archive.open(path)
        assert told.value.fix
    assert [each.name for each in path.parent.iterdir()] == ["flows.db"]


def test_a_log_that_cannot_be_read_with_its_file_is_told(path: Path, public: Path) -> None:
    written(path)
    archive = Archive.open(path)
    archive.add([entry(exchange(70))])
    copy = public / "copy"
    copy.mkdir()
    for name in ("flows.db", "flows.db-wal"):
        (copy / name).write_bytes((path.parent / name).read_bytes())
    archive.close()
    with not_writable(copy), without_rights():
        with pytest.raises(ArchiveError, match="log") as told:
            read_all(copy / "flows.db")
        assert "flows.db-wal" in told.value.fix
    assert len(read_all(copy / "flows.db")) == 13


KILLED = """
import os, sys
from pathlib import Path
from ccproxy.flows.archive.opening import open_for_writing
from ccproxy.flows.archive.store import Archive
from tests.flows.archive.flows import entry, exchange

path = Path(sys.argv[1])
archive = Archive.open(path)
for turn in range(6):
    archive.add([entry(exchange(turn, id=f"id-{turn}"))])
db, _ = open_for_writing(path, 1, None)
db.execute("BEGIN IMMEDIATE")
db.execute("DELETE FROM flows")
os.kill(os.getpid(), 9)
"""


def test_a_process_that_is_killed_leaves_what_it_had_added(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False, cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert read_all(path) == [exchange(turn, id=f"id-{turn}") for turn in range(6)]


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
