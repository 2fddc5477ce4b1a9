"""Killed at a random moment under load: the daemon, its archive's writer, or both at once.

After each kill the archive opens and is intact, and holds what it has to, with the bodies that passed:

- whatever a reader saw in it before the kill;
- if only the daemon was killed: what a client had its answer of `SAFE_SECONDS` before; and what was lost of the rest is
  measured, by how long before the kill its client had the answer;
- if only the writer was killed: everything, for the daemon sends it again.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field

from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.reader import ArchiveError, FlowDamaged, FlowMissing
from tests.support.archives import (
    KEY,
    SIMULATOR,
    all_there,
    is_alive,
    is_intact,
    kill,
    path_of,
    summaries,
    until,
    writer_of,
)
from tests.support.daemon import Daemon, Home
from tests.support.http import Closed, request_bytes

KINDS = ("daemon", "writer", "both")
CLIENTS = 3
SIZES = {0: 6, 300: 6, 3000: 4, 40_000: 3, 400_000: 1}
"""Of what clients say, with how often they do."""
ROOM = {"flows": {"queue_bytes": 1024**3}}
"""So that no body is dropped for lack of room, which is another test's subject."""
SAFE_SECONDS = 1.0
LONGEST_LOAD = 1.6
BETWEEN_SECONDS = 0.005
"""Between a client's requests: some hundred flows a second, which the writer keeps up with on two cores."""
ROUNDS_A_HOME = 20


@dataclass
class Tally:
    """What came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    seen: int = 0
    lost: list[float] = field(default_factory=list)
    """Of flows that were lost with a daemon: seconds between their client's answer and the kill."""
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ", ".join(
            f"{count} of {'both' if kind == 'both' else f'the {kind}'}" for kind, count in self.kills.items()
        )
        age = f", answered at most {max(self.lost) * 1000:.0f} ms before" if self.lost else ""
        return (
            f"{self.kills.total()} kills ({kinds}): {self.answered} flows answered; {self.seen} seen in the archive"
            f" before a kill; {len(self.lost)} lost with a daemon that had not sent them{age};"
            f" {f'{len(self.wrong)} WRONG' if self.wrong else 'all ok'}"
        )


class Load:
    """Clients that ask and ask, and a reader of the archive, until they are told to stop."""

    def __init__(self, daemon: Daemon, name: str, chance: random.Random) -> None:
        self.daemon, self.name = daemon, name
        self.answered: dict[str, tuple[bytes, float]] = {}
        """By client: what it sent, and when it had the whole answer."""
        self.seen: set[str] = set()
        self._stop = threading.Event()
        seeds = [chance.random() for _ in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._talk, args=(each,)) for each in enumerate(seeds)]
        self._threads.append(threading.Thread(target=self._read))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _talk(self, who: tuple[int, float]) -> None:
        number, chance = who[0], random.Random(who[1])
        with suppress(OSError, Closed), self.daemon.client(timeout=5) as client:
            for turn in range(1_000_000):
                if self._stop.is_set():
                    return
                agent, body = f"{self.name} {number}.{turn}", question(chance)
                client.send(request_bytes("POST", "/v1/messages", [KEY, (b"user-agent", agent.encode())], body))
                response = client.response()
                if not response.complete:
                    return
                assert response.status == 200, response
                self.answered[agent] = body, time.monotonic()
                self._stop.wait(BETWEEN_SECONDS)

    def _read(self) -> None:
        while not self._stop.is_set():
            with suppress(ArchiveError), closing(ArchiveReader(path_of(self.daemon.home))) as reader:
                last = 0
                while not self._stop.is_set():
                    for seq, flow in reader.after(last):
                        last = seq
                        self.seen.add(flow["user_agent"] or "")
                    self._stop.wait(0.01)
            self._stop.wait(0.02)


def question(chance: random.Random) -> bytes:
    """A request's body, small or not."""
    said = chance.randbytes(chance.choices([*SIZES], [*SIZES.values()])[0] // 2).hex()
    return json.dumps(
        {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": f"say {said}"}]}
    ).encode()


class Trial:
    """One home in which daemons are killed, one after another."""

    def __init__(self, tally: Tally, seed: int, longest: float) -> None:
        self.tally, self._chance, self._longest = tally, random.Random(seed), longest
        self._home = Home()
        self._daemon: Daemon | None = None
        self._kept: dict[str, bytes] = {}
        """Clients whose flows have to be there, and what they sent."""

    def close(self) -> None:
        """Ends what runs and removes what it left."""
        if self._daemon is not None:
            self._daemon.stop()
        self._home.remove()

    def kill(self, kind: str, name: str) -> None:
        """One kill, and the look at what it left."""
        daemon = self._running()
        load = Load(daemon, name, self._chance)
        if self._chance.random() < 0.5:  # else it may happen while the writer is still starting
            until(lambda: load.seen & load.answered.keys(), "something is archived")
        time.sleep(self._chance.uniform(0.05, self._longest))
        writer = until(lambda: writer_of(daemon), "a writer")
        killed, seen = time.monotonic(), load.seen & load.answered.keys()
        for pid in {"daemon": [daemon.pid], "writer": [writer], "both": [writer, daemon.pid]}[kind]:
            kill(pid)
        load.stop()
        self.tally.kills[kind] += 1
        self.tally.answered += len(load.answered)
        self.tally.seen += len(seen)
        self._settle(kind, daemon, writer, load)
        self._judge(kind, name, load, seen, killed)

    def _running(self) -> Daemon:
        if self._daemon is None:
            self._daemon = Daemon(SIMULATOR | ROOM, home=self._home, archive=True)
            self._daemon.start()
        return self._daemon

    def _settle(self, kind: str, daemon: Daemon, writer: int, load: Load) -> None:
        """Waits until nothing is on its way any more."""
        if kind == "writer":
            with suppress(AssertionError):
                until(lambda: all_there(self._home, set(load.answered)), "what the killed writer had is sent again")
            return
        daemon.stop()
        self._daemon = None
        until(lambda: not is_alive(writer), "the writer ends after its daemon")

    def _judge(self, kind: str, name: str, load: Load, seen: set[str], killed: float) -> None:
        if not path_of(self._home).exists():
            return
        if (said := is_intact(path_of(self._home))) != "ok":
            self.tally.wrong.append(f"{name}, {kind}: the archive is damaged: {said}")
        there = summaries(self._home)
        for agent, (_, when) in load.answered.items():
            age = killed - when
            if agent in there:
                continue
            if agent in seen or kind == "writer" or (kind == "daemon" and age >= SAFE_SECONDS):
                self.tally.wrong.append(f"{name}, {kind}: lost {agent}, answered {age:.3f} s before")
            elif kind == "daemon":
                self.tally.lost.append(age)
        self._compare(name, there, {agent: body for agent, (body, _) in load.answered.items() if agent in there})

    def _compare(self, name: str, there: dict[str, dict[str, str]], sent: dict[str, bytes]) -> None:
        """What was sent, and one flow of each kill before."""
        if not self._kept and not sent:
            return  # killed while the file was being made
        with closing(ArchiveReader(path_of(self._home))) as reader:
            for agent, body in (self._kept | sent).items():
                try:
                    kept = reader.exchange(there[agent]["id"])
                except (KeyError, FlowMissing, FlowDamaged) as error:
                    self.tally.wrong.append(f"{name}: {agent} cannot be read any more: {error!r}")
                    continue
                if kept.request.body != body or kept.response is None or not kept.response.complete:
                    self.tally.wrong.append(f"{name}: {agent} is not what was sent")
        self._kept |= dict([*sent.items()][-1:])


def run(count: int, seed: int, longest: float = LONGEST_LOAD) -> Tally:
    """So many kills, of each kind in turn, after `longest` seconds of load at most; homes are new from time to time."""
    tally = Tally()
    for first in range(0, count, ROUNDS_A_HOME):
        trial = Trial(tally, seed + first, longest)
        try:
            for number in range(first, min(count, first + ROUNDS_A_HOME)):
                trial.kill(KINDS[number % len(KINDS)], f"kill {number}")
        finally:
            trial.close()
    return tally


def main(count: int = 200) -> int:
    """Prints what came of it; 1 if anything is wrong."""
    seed = random.SystemRandom().randrange(2**32)
    tally = run(count, seed)
    print(f"\nseed {seed}: {tally}")
    for line in tally.wrong[:20]:
        print(f"    {line}")
    return 1 if tally.wrong else 0
