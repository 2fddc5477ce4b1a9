from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.exchange import Origin, Route
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive
from ccproxy.flows.reader import FlowMissing, FlowReader
from ccproxy.flows.selection import Selection

from .flows import entry, exchange

START = 1_700_000_000.0


@pytest.fixture
def reader(archive: Archive, path: Path) -> ArchiveReader:
    flows = [
        exchange(turn, session=f"s-{turn % 3}", conversation=f"c{turn}", jail="Jail1" if turn % 2 else None)
        for turn in range(9)
    ]
    for ex in flows:
        ex.id = f"{'abc'[int(ex.timings.started - START) % 3]}-{int(ex.timings.started - START)}"
        ex.route = Route("redirect", "Acme" if ex.jail else "other", None, Origin("https", "api.test", 443), "")
    archive.add([entry(ex) for ex in flows])
    return ArchiveReader(path)


@pytest.mark.parametrize(
    ("wanted", "turns"),
    [
        ({}, range(9)),
        ({"limit": 3}, [6, 7, 8]),
        ({"limit": 0}, []),
        ({"since": START + 4}, [4, 5, 6, 7, 8]),
        ({"since": START + 3.5, "limit": 2}, [7, 8]),
        ({"session": "s-1"}, [1, 4, 7]),
        ({"session": "s-"}, range(9)),
        ({"session": "*-2"}, [2, 5, 8]),
        ({"session": "%"}, []),
        ({"conversation": "c5"}, [5]),
        ({"provider": "acme"}, [1, 3, 5, 7]),
        ({"provider": "a*e"}, [1, 3, 5, 7]),
        ({"provider": "äcme"}, []),
        ({"jail": "JAIL1", "limit": 2}, [5, 7]),
        ({"model": "m-"}, range(9)),
        ({"host": "api.test", "status": ("2xx",)}, range(9)),
        ({"status": ("error",)}, []),
    ],
)
def test_flows_are_selected_the_oldest_first(
    reader: ArchiveReader, wanted: dict[str, object], turns: list[int]
) -> None:
    found = reader.summaries(Selection(**wanted))  # type: ignore[arg-type]
    assert [flow["request_bytes"] for flow in found] == [exchange(turn).request.size for turn in turns]


def test_an_id_is_found_by_its_beginning(reader: ArchiveReader) -> None:
    assert list(reader.find("a")) == ["a-0", "a-3", "a-6"]
    assert list(reader.find("a", most=2)) == ["a-0", "a-3"]
    assert list(reader.find("b-4")) == ["b-4"]
    for beginning in ("", "%", "d", "a-00", "\udcff", "b-4\U0010ffff"):
        assert list(reader.find(beginning)) == []


@pytest.mark.parametrize("id", ["a-", "", "\udcff", "A-0"])
def test_what_is_not_there_is_missing(reader: ArchiveReader, id: str) -> None:
    with pytest.raises(FlowMissing):
        reader.exchange(id)


def test_what_came_after_is_told(reader: ArchiveReader, archive: Archive) -> None:
    assert [seq for seq, _ in reader.after(0)] == list(range(1, 10))
    last = reader.last()
    assert reader.after(last) == []
    new = [exchange(20), exchange(19)]
    archive.add([entry(ex) for ex in new])
    assert [(seq, flow["id"]) for seq, flow in reader.after(last)] == [(10, new[0].id), (11, new[1].id)]
    archive.delete([new[1].id])
    archive.add([entry(exchange(21))])
    assert [seq for seq, _ in reader.after(last)] == [10, 12]


def test_who_reads_for_long_sees_one_moment_and_holds_up_no_writer(
    reader: ArchiveReader, archive: Archive, path: Path
) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN")
        before = other.execute("SELECT count(*) FROM flows").fetchone()
        archive.add([entry(exchange(30))])
        archive.delete(["a-0"])
        assert other.execute("SELECT count(*) FROM flows").fetchone() == before
    assert len(reader.summaries(Selection())) == 9


def test_a_reader_reads_while_a_writer_writes(reader: ArchiveReader, path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM flows")
        assert len(reader.summaries(Selection())) == 9
        assert reader.exchange("a-3").id == "a-3"


def test_lists_need_only_the_standard_library(reader: ArchiveReader, path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from ccproxy.flows.archive.reader import ArchiveReader\n"
        "from ccproxy.flows.selection import Selection\n"
        f"assert len(ArchiveReader(Path({str(path)!r})).summaries(Selection())) == 9\n"
        "print(*{'zstandard', 'orjson', 'cryptography', 'asyncio', 'pydantic', 'mitmproxy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == ""


def test_it_is_a_flow_reader(reader: ArchiveReader) -> None:
    used: FlowReader = reader
    assert used.delete(["a-0", "a-0", "x"]) == 1
