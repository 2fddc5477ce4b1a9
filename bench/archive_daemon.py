"""What the archive costs the daemon: `PYTHONPATH=. python bench/archive_daemon.py`. CPU, latency, memory, disk.

Two daemons run side by side, one with the archive and one without, and are asked in turn, so that both see the same
machine. The provider is the simulator inside the daemon. Times of threads are from /proc, in ticks of 10 ms, over
thousands of requests.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.archives import KEY, SIMULATOR, path_of, until, writer_of
from tests.support.daemon import Daemon
from tests.support.http import Client, request_bytes

TICK = 1 / os.sysconf("SC_CLK_TCK")
ROUNDS, A_ROUND = 20, 250
PAUSE_SECONDS = 0.002
"""Between two requests: without it client, daemon and writer want more than the two cores, and one sees only that."""
SMALLEST, LARGEST = 5_000, 1_000_000
LOADING_SECONDS = 4.0
"""After these a daemon has loaded what follows behind its listener."""
WAITING_BYTES = 16 * 1024 * 1024
"""The growing conversation waits while more than this waits for the archive."""


def seconds(pid: int, thread: int | None = None) -> float:
    """CPU time of a process, or of one of its threads."""
    stat = Path(f"/proc/{pid}/task/{thread}/stat" if thread else f"/proc/{pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * TICK


def resident_mb(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:")) / 1024


def question(said: str) -> bytes:
    ask = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": said}]}
    return request_bytes("POST", "/v1/messages", [KEY], json.dumps(ask).encode())


@dataclass
class Side:
    """One daemon, and what was measured of it."""

    daemon: Daemon
    took: list[float] = field(default_factory=list)
    loop: float = 0.0
    others: float = 0.0

    def ask(self, client: Client, request: bytes) -> None:
        begun = time.perf_counter()
        client.send(request)
        assert client.response().status == 200
        self.took.append(time.perf_counter() - begun)

    def a_round(self, request: bytes) -> None:
        pid = self.daemon.pid
        loop, whole = seconds(pid, pid), seconds(pid)
        with self.daemon.client() as client:
            for _ in range(A_ROUND):
                self.ask(client, request)
                time.sleep(PAUSE_SECONDS)
        self.loop += seconds(pid, pid) - loop
        self.settle()
        self.others += seconds(pid) - whole - (seconds(pid, pid) - loop)

    def settle(self) -> None:
        until(lambda: self.daemon.control("GET", "/status")["archive"]["waiting"] == 0, "all is archived", 60)

    def told(self, name: str) -> str:
        flows, (p50, p99) = len(self.took), (self.at(50), self.at(99))
        loop, others = self.loop / flows * 1e6, self.others / flows * 1e6
        return f"{name:>12}  {loop:7.0f} µs  {others:7.0f} µs  {p50:7.2f} ms  {p99:7.2f} ms"

    def at(self, percent: int) -> float:
        return statistics.quantiles(self.took, n=100)[percent - 1] * 1000


def beside() -> None:
    """The same requests with and without the archive."""
    with Daemon(SIMULATOR) as off, Daemon(SIMULATOR, archive=True) as on:
        for size in (20, 20_000):
            sides = {"archive off": Side(off), "archive on": Side(on)}
            request = question("say it " * (size // 7))
            Side(off).a_round(request)
            Side(on).a_round(request)
            writer = until(lambda: writer_of(on), "a writer")
            before = seconds(writer)
            for number in range(ROUNDS):
                for side in list(sides.values())[:: 1 if number % 2 else -1]:
                    side.a_round(request)
            print(f"\n{ROUNDS * A_ROUND} requests of {size} bytes, one client")
            print(f"{'':>12}  {'loop CPU':>10}  {'threads':>10}  {'p50':>10}  {'p99':>10}")
            for name, side in sides.items():
                print(side.told(name))
            spent = (seconds(writer) - before) / (ROUNDS * A_ROUND) * 1e6
            print(f"writer: {spent:.0f} µs a flow, {resident_mb(writer):.0f} MB resident", flush=True)


class Conversation:
    """Requests, each of which holds the former one's messages and a few more."""

    def __init__(self, flows: int) -> None:
        self._flows, self._messages, self._length, self._turn = flows, [""], 0, 0

    def body(self, number: int) -> bytes:
        """The request of one turn."""
        while self._length < SMALLEST + (LARGEST - SMALLEST) * number // self._flows:
            self._turn += 1
            turn = self._turn
            said = f"turn {turn}: " + " ".join(f"{turn * 7919 % 9973:x}{each * turn % 4001:x}" for each in range(60))
            self._messages.append(f'{{"role":"{("user", "assistant")[turn % 2]}","content":"{said}"}},')
            self._length += len(self._messages[-1])
        now = f'{{"role":"user","content":"and now {number}"}}'
        return f'{{"model":"m","max_tokens":8,"messages":[{"".join(self._messages)}{now}]}}'.encode()


def growing(flows: int) -> None:
    """One conversation, longer at every turn; every tenth also to a daemon without an archive."""
    with Daemon(SIMULATOR) as off, Daemon(SIMULATOR, archive=True) as on, off.client() as beside, on.client() as client:
        one, other, conversation = Side(on), Side(off), Conversation(flows)
        for _ in range(50):
            one.ask(client, question("warm up"))
            other.ask(beside, question("warm up"))
        time.sleep(LOADING_SECONDS)
        one.settle()
        pids = {"daemon": on.pid, "writer": until(lambda: writer_of(on), "a writer"), "off": off.pid}
        before = {name: (resident_mb(pid), seconds(pid, pid), seconds(pid)) for name, pid in pids.items()}
        most, sent, begun = dict.fromkeys(pids, 0.0), 0, time.monotonic()
        for number in range(flows):
            body = conversation.body(number)
            sent += len(body)
            request = request_bytes("POST", "/v1/messages", [KEY], body)
            one.ask(client, request)
            if number % 10 == 0:
                other.ask(beside, request)
                while on.control("GET", "/status")["archive"]["waiting_bytes"] > WAITING_BYTES:
                    time.sleep(0.02)
                most = {name: max(most[name], resident_mb(pid)) for name, pid in pids.items()}
        one.settle()
        took, told = time.monotonic() - begun, on.control("GET", "/status")["archive"]
        print(f"\n{flows} flows of one conversation, {SMALLEST} to {LARGEST} bytes: {sent / 1e6:.0f} MB, {took:.0f} s")
        for name, pid in pids.items():
            first, main, whole = before[name]
            asked, now = (flows if name != "off" else len(range(0, flows, 10))), resident_mb(pid)
            main, whole = (seconds(pid, pid) - main) / asked * 1e3, (seconds(pid) - whole) / asked * 1e3
            print(
                f"{name:>7}: {first:4.0f} MB at first, {most[name]:4.0f} at most, {now:4.0f} now ({now - first:+.0f});"
                f" CPU a flow {whole:.2f} ms, of this the main thread {main:.2f}"
            )
        disk = sum(file.stat().st_size for file in path_of(on.home).parent.glob("flows.db*"))
        print(f"disk: {disk / 1e6:.1f} MB, {disk / sent:.2%} of the requests' bodies")
        print(f"written {told['written']}, without bodies {told['dropped_bodies']}, lost {told['dropped_flows']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--flows", type=int, default=10_000, help="of the growing conversation")
    wanted = parser.parse_args()
    beside()
    if wanted.flows:
        growing(wanted.flows)
