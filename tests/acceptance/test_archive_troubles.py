"""Whatever is wrong with the archive, traffic goes on, somebody is told, and what can be kept arrives later."""

from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ccproxy.flows.archive.schema import APPLICATION_ID
from tests.support.archives import (
    ASK,
    SIMULATOR,
    all_there,
    archived,
    is_alive,
    is_intact,
    kill,
    locked,
    path_of,
    send,
    summaries,
    until,
    writer_of,
)
from tests.support.daemon import Daemon

QUEUE_BYTES = 400_000
LONG = ASK.replace(b"say it", b"say it" * 20_000)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """One with little room for what waits, and an archive that works."""
    with Daemon(SIMULATOR | {"flows": {"queue_bytes": QUEUE_BYTES}}, archive=True) as running:
        send(running, "first")
        archived(running.home, "first")
        yield running


@pytest.fixture(autouse=True)
def _well_again(daemon: Daemon) -> Iterator[None]:
    yield
    until(lambda: status(daemon)["error"] is None and status(daemon)["waiting"] == 0, "all is well again")
    assert is_intact(path_of(daemon.home)) == "ok"
    daemon.healthy()


def status(daemon: Daemon) -> dict[str, Any]:
    """How the archive does, by the daemon."""
    told: dict[str, Any] = daemon.control("GET", "/status")["archive"]
    return told


def trouble(daemon: Daemon) -> str:
    """What is wrong with it, once the daemon knows."""
    return str(until(lambda: status(daemon)["error"], "the daemon says what is wrong"))


def unarchived(daemon: Daemon) -> list[str]:
    """Who sent what the archive has not; signs of life never get there."""
    flows = daemon.control("GET", "/flows?unarchived=1")
    return [flow["user_agent"] for flow in flows if flow["path"] != "/health"]


def test_locked_by_another_program(daemon: Daemon) -> None:
    with locked(path_of(daemon.home)):
        assert send(daemon, "while it is locked") == 200
        assert "locked" in trouble(daemon)
        assert unarchived(daemon) == ["while it is locked"]
        shown = daemon.home.run("status").stdout
        assert "locked" in shown
        assert "1 flow waiting" in shown
    assert archived(daemon.home, "while it is locked").request.body == ASK
    until(lambda: not unarchived(daemon), "the daemon knows that it is archived")
    assert daemon.output.count("flows wait in memory") == 1


def test_without_room_bodies_go_before_flows_do(daemon: Daemon) -> None:
    before = status(daemon)["dropped_bodies"]
    with locked(path_of(daemon.home)):
        for number in range(8):
            assert send(daemon, f"large {number}", LONG) == 200
        told = status(daemon)
        assert told["waiting"] >= 8
        assert told["waiting_bytes"] < QUEUE_BYTES + told["waiting"] * 5000
        lost = told["dropped_bodies"] - before
        assert 0 < lost < 8
    flows = [archived(daemon.home, f"large {number}") for number in range(8)]
    bodies = [ex.request.body for ex in flows]
    assert bodies == [LONG] * (8 - lost) + [b""] * lost
    assert {ex.request.size for ex in flows} == {len(LONG)}
    assert {ex.response.status for ex in flows if ex.response} == {200}
    assert "the archive does not keep up" in daemon.output


def test_what_is_to_be_forgotten_does_not_arrive(daemon: Daemon) -> None:
    with locked(path_of(daemon.home)):
        for agent in ("unwanted", "wanted"):
            assert send(daemon, agent) == 200
        until(lambda: "locked" in (status(daemon)["error"] or ""), "the writer has them")
        id = daemon.flow("unwanted")["id"]
        assert daemon.control("POST", "/flows/delete", {"ids": [id, "no-such"]}) == {"deleted": 1, "waiting": 1}
    archived(daemon.home, "wanted")
    until(lambda: status(daemon)["waiting"] == 0, "nothing waits")
    assert send(daemon, "later") == 200
    archived(daemon.home, "later")
    assert "unwanted" not in summaries(daemon.home)


def test_a_full_disk(daemon: Daemon) -> None:
    writer = until(lambda: writer_of(daemon), "a writer")
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    assert send(daemon, "on a full disk", LONG) == 200
    assert "disk" in trouble(daemon)
    resource.prlimit(writer, resource.RLIMIT_FSIZE, unlimited)
    assert archived(daemon.home, "on a full disk").request.body == LONG


def test_killed_writers_lose_nothing(daemon: Daemon) -> None:
    done = threading.Event()
    agents: list[str] = []

    def talk() -> None:
        while not done.is_set():
            agents.append(f"talker {len(agents)}")
            assert send(daemon, agents[-1]) == 200

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for _ in range(3):
            writer = until(lambda: writer_of(daemon), "a writer")
            archived(daemon.home, agents[-1])
            kill(writer)
            until(lambda writer=writer: not is_alive(writer), "it is dead")
    finally:
        done.set()
        talker.join()
    until(lambda: all_there(daemon.home, set(agents)), "all flows are there")


@pytest.mark.parametrize("kind", ["newer", "another", "directory"])
def test_an_archive_that_is_none_of_ours(daemon: Daemon, kind: str) -> None:
    path = path_of(daemon.home)
    until(lambda: status(daemon)["waiting"] == 0, "nothing waits")
    other = path.with_name(f"other-{kind}")
    if kind == "directory":
        other.mkdir()
    else:
        with closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE flows (id)")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID if kind == 'newer' else 7}")
            db.execute("PRAGMA user_version = 9999")
    kept = [file for end in ("", "-wal", "-shm") if (file := Path(f"{path}{end}")).exists()]
    for file in kept:
        file.rename(file.with_name(f"kept-{file.name}"))
    other.rename(path)
    kill(until(lambda: writer_of(daemon), "a writer"))
    agent = f"in place of the archive: {kind}"
    assert send(daemon, agent) == 200
    said = until(
        lambda: "writer" not in (status(daemon)["error"] or "writer") and status(daemon)["error"], "what is wrong"
    )
    assert {"newer": "version 9999", "another": "another program", "directory": "be opened"}[kind] in said
    path.rename(other)
    for file in kept:
        file.with_name(f"kept-{file.name}").rename(file)
    assert archived(daemon.home, agent).request.body == ASK


def test_the_end_does_not_wait_for_an_archive_that_is_locked() -> None:
    with Daemon(SIMULATOR, archive=True) as daemon:
        send(daemon, "first")
        archived(daemon.home, "first")
        writer = until(lambda: writer_of(daemon), "a writer")
        with locked(path_of(daemon.home)):
            assert send(daemon, "last") == 200
            assert daemon.stop() == 0
            assert is_alive(writer)
        assert archived(daemon.home, "last").request.body == ASK
        until(lambda: not is_alive(writer), "the writer ends when it has written")
