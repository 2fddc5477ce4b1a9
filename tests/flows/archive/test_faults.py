from __future__ import annotations

import os
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
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.selection import Selection

from .flows import entry, exchange, read_all, words, written

NOBODY = 65534
ROOT = Path(__file__).parents[3]


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
    assert read_all(path) == []
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


def test_an_archive_that_is_being_made_has_no_flows(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with ArchiveReader(path) as reader:
        assert (reader.summaries(Selection()), reader.find("a"), reader.last()) == ([], [], 0)
        assert path.stat().st_size == 0
        flows = written(path)
        assert len(reader.after(0)) == len(flows)


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
