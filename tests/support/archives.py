"""The flow archive as the tests see it: read as the commands read it, and its writer's process."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ccproxy.exchange import Exchange
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.selection import Selection
from tests.support.daemon import Daemon, Home

KEY = (b"x-api-key", b"sk-ant-oat-ccproxy-sim")
SIMULATOR = {"providers": {"sim": {"type": "anthropic", "base_url": "simulator:"}}}


ASK = b'{"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "say it"}]}'


def path_of(home: Home) -> Path:
    """The archive's file."""
    return home.root / "state" / "ccproxy" / "flows.db"


def until[T](look: Callable[[], T], what: str = "", seconds: float = 15.0) -> T:
    """The first thing that `look` finds that is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what or look}"
        time.sleep(0.02)
    return found


def summaries(home: Home) -> dict[str, dict[str, Any]]:
    """The archive's flows by the client that sent them."""
    try:
        with closing(ArchiveReader(path_of(home))) as reader:
            return {flow["user_agent"] or flow["id"]: flow for flow in reader.summaries(Selection())}
    except ArchiveError:
        return {}


def archived(home: Home, agent: str, *, secrets: bool = False) -> Exchange:
    """A client's exchange, once the archive has it."""
    flow = until(lambda: summaries(home).get(agent), f"the flow of {agent}")
    with closing(ArchiveReader(path_of(home))) as reader:
        return reader.exchange(flow["id"], secrets)


def all_there(home: Home, agents: set[str]) -> bool:
    """Whether the archive has the flows of all of these clients."""
    return agents <= summaries(home).keys()


def writer_of(daemon: Daemon) -> int | None:
    """The process id of a daemon's writer; None if it has none."""
    children = Path(f"/proc/{daemon.pid}/task").glob("*/children")
    for pid in (pid for each in children for pid in each.read_text().split()):
        try:
            if b"ccproxy.flows.archive.writer.process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        except FileNotFoundError:
            continue
    return None


def send(daemon: Daemon, agent: str, body: bytes = ASK, target: str = "/v1/messages") -> int:
    """A request to the simulator; its status."""
    return daemon.ask("POST", target, [KEY, (b"user-agent", agent.encode())], body).status


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else can write to the archive meanwhile."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def is_intact(path: Path) -> str:
    """What SQLite says of the file: `ok`."""
    with closing(sqlite3.connect(path, timeout=10)) as db:
        return str(db.execute("PRAGMA integrity_check").fetchone()[0])


def bytes_on_disk(home: Home) -> bytes:
    """All that was written to the state directory."""
    return b"".join(file.read_bytes() for file in path_of(home).parent.iterdir() if file.is_file())


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid: int) -> None:
    """Ends a process that had no chance to prepare for it."""
    os.kill(pid, 9)
