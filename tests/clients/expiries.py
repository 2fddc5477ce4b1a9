"""One credential file in the hands of a vendor's CLI and of ccproxy, through one expiry after the other."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.clients.logins import Login, Members, found
from tests.support.daemon import UnixConnection
from tests.support.jailed import House
from tests.support.outer import Outer, Running

SECONDS, WRITTEN_SECONDS = 90.0, 10.0
HELLO = "Hello from the simulator"
LEFT = {"over": -60.0, "soon": 200.0, "early": 330.0, "refused": 3600.0}
"""Way in which a token is old -> the seconds that it has left by the file; the API takes one that is `refused` no more.

The CLIs want another from 300 s before its end.
"""
WAY = 0.15
"""Seconds to the token endpoint and back, so that both are often on their way at once."""
STEPS = 8
"""In how many steps ccproxy's request is moved along the CLI's start."""


def account(outer: Outer, vendor: str, verb: str, **given: Any) -> Members:
    """Tells or asks the accounts of the tests' internet something."""
    connection = UnixConnection(outer.root / "internet.sock")
    try:
        connection.request("POST", f"/{vendor}/{verb}", json.dumps(given), {"host": "accounts.test"})
        answer: Members = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


def names(value: Any, path: str = "") -> set[str]:
    """The paths of all members of a document."""
    if not isinstance(value, dict):
        return {path}
    return {each for name, inner in value.items() for each in names(inner, f"{path}.{name}")}


@dataclass
class Figures:
    """What was measured."""

    turns: list[float] = field(default_factory=list)
    """Seconds of the CLI's turns."""
    requests: list[float] = field(default_factory=list)
    """Of the requests through ccproxy, a process each."""
    before: Counter[str] = field(default_factory=Counter)
    """Ways of growing old."""

    def told(self, name: str, counters: Members) -> str:
        """Two lines for people."""
        ways = ", ".join(f"{count} {way}" for way, count in self.before.items())
        posts = ", ".join(f"{what} {counters[what]}" for what in ("posts", "granted", "reused", "unknown"))
        times = [f"{median(each):.2f} s, most {max(each):.2f}" for each in (self.turns, self.requests)]
        first = f"{name}: {len(self.turns)} expiries ({ways}); token endpoint: {posts}"
        return f"{first}\n    a turn of the CLI {times[0]}; a request through ccproxy {times[1]}"


class SharedLogin:
    """A login, its file in the home of a house, and an account that counts."""

    def __init__(self, login: Login, house: House, **account_options: Any) -> None:
        self.login, self.house, self.outer = login, house, house.outer
        self.home = house.home.root / "home"
        self.file = login.file(self.home)
        self.figures = Figures()
        login.settle(self.home)
        (self.home / "work").mkdir(exist_ok=True)
        grant = account(self.outer, login.vendor, "begin", delay=WAY, **account_options)
        self._write(login.first, grant)
        self.outer.person.own(self.home)
        self.members = names(self.document())

    def document(self) -> Members:
        """What the file holds. Raises ValueError if it is not JSON."""
        document: Members = json.loads(self.file.read_text())
        return document

    def _write(self, document: Members, grant: Members) -> None:
        document = json.loads(json.dumps(document))
        self.login.aged(document, grant)
        self.file.parent.mkdir(exist_ok=True)
        other = self.file.with_suffix(".new")
        other.write_text(json.dumps(document))
        other.chmod(0o600)
        self.outer.person.own(other)
        other.rename(self.file)

    def counters(self) -> Members:
        """Of the token endpoint and the API; `current` and `valid` tell of the tokens in the file."""
        document, login = self.document(), self.login
        refresh, access = (found(document, path) for path in (login.refresh_path, login.access_path))
        return account(self.outer, login.vendor, "state", refresh=refresh, access=access)

    def age(self, way: str) -> None:
        """Time passes: there is another access token in the file, and it is old; those of before are over."""
        self.figures.before[way] += 1
        document = self.document()
        refresh = found(document, self.login.refresh_path)
        self._write(document, account(self.outer, self.login.vendor, "later", refresh=refresh, left=LEFT[way]))
        if way == "refused":
            account(self.outer, self.login.vendor, "expire")

    def expiry(self, number: int, way: str) -> None:
        """One expiry, seen by both at the same moment. Raises AssertionError unless both are well served."""
        self.age(way)
        self.both(number, way)

    def both(self, number: int, way: str) -> None:
        """A turn of the CLI and a request through ccproxy. Raises AssertionError unless both are well served."""
        begun = time.monotonic()
        cli = self._start(self.login.command, self.login.environment(self.home, self.outer.ca), self.home / "work")
        # Not to wait for anything: where in the CLI's start our request falls is moved along from expiry to expiry.
        time.sleep(number % STEPS / STEPS * self._until_it_asks())
        asked = time.monotonic()
        request = self._start(self.login.curl(self.house.daemon.port), {}, self.home)
        answer, _ = self._end(request)
        self.figures.requests.append(time.monotonic() - asked)
        printed, complaint = self._end(cli)
        self.figures.turns.append(time.monotonic() - begun)
        about = f"{self.login.name}, expiry {number} ({way})"
        said, _, status = answer.rpartition("\n")
        assert (status, HELLO in said) == ("200", True), f"{about}: {answer[:500]}\n{self.house.daemon.output[-1500:]}"
        assert (cli.returncode, HELLO in printed) == (0, True), f"{about}: {printed[-500:]} {complaint[-1500:]}"
        self._judge(about)

    def _judge(self, about: str) -> None:
        """The file is whole, private, and holds what counts."""
        assert names(self.document()) == self.members, f"{about}: {names(self.document()) ^ self.members}"
        assert self.file.stat().st_mode & 0o777 == 0o600, about
        assert not [path for path in self.login.locks if (self.home / path).exists()], about
        # ccproxy may be refreshing beside what it had to do.
        self.outer.until(self._counts, WRITTEN_SECONDS)

    def _counts(self) -> bool:
        counters = self.counters()
        return bool(counters["current"] and counters["valid"])

    def _until_it_asks(self) -> float:
        """How long the CLI's last turns took until nearly their end, which is when it may ask for a token."""
        return 0.8 * median(self.figures.turns[-5:]) if self.figures.turns else 0.0

    def _start(self, command: Any, env: dict[str, str], cwd: Path) -> Running:
        return self.outer.popen(
            command, env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def _end(self, child: Running) -> tuple[str, str]:
        try:
            output, errors = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            output, errors = child.communicate()
        return output.decode(), errors.decode()
