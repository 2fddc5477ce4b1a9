"""A home with the made-up client in it, in a network in which every packet is seen."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccproxy.config import load_config
from ccproxy.shaping.shape import Shape
from ccproxy.shaping.store import ShapeStore
from tests.support.daemon import Home
from tests.support.outer import Outer, people
from tests.support.outer.outer import PATH, scripts

SECRETS = ("sk-made-up-access-token", "made-up-refresh-token", "made-up-secret-key", "a secret question")
type Done = subprocess.CompletedProcess[bytes]


class Person:
    """Who captures shapes of the client, and what becomes of it."""

    def __init__(self, outer: Outer, home: Home) -> None:
        self.outer, self.home = outer, home
        self.folder = home.root / "home"
        self.login = self.folder / ".made-up" / "login.json"
        self.temporary = home.root / "tmp"
        self.temporary.mkdir()
        self.install()

    def install(self) -> None:
        """The client as npm would have it, and its login."""
        package = self.folder / "lib" / "made-up"
        package.mkdir(parents=True)
        (package / "package.json").write_text('{"name": "made-up", "version": "4.5.6"}')
        script = Path(__file__).with_name("client.py").read_text()
        (package / "cli.py").write_text(f"#!{sys.executable}\n{script}")
        (package / "cli.py").chmod(0o755)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "made-up").symlink_to(package / "cli.py")
        self.login.parent.mkdir()
        self.login.write_text(json.dumps({"access": SECRETS[0], "refresh": SECRETS[1]}))
        self.outer.person.own(self.home.root)

    def environment(self) -> dict[str, str]:
        """What the person's programs see."""
        own = {"PATH": f"{self.folder / 'bin'}:{PATH}", "TMPDIR": str(self.temporary)}
        return self.home.environment(own | {"SSL_CERT_FILE": ""})

    def cli(self, *arguments: str, **options: Any) -> Done:
        """Runs `ccproxy ARGUMENTS...` inside."""
        return self.outer.run([scripts("ccproxy"), *arguments], self.environment(), cwd=self.folder, **options)

    def capture(self, *wishes: str, options: tuple[str, ...] = ()) -> Done:
        """Captures the client's shape."""
        return self.cli("shapes", "capture", *options, "anthropic", "--", "made-up", *wishes)

    def store(self) -> ShapeStore:
        """The person's shapes."""
        config = load_config({}, self.home.config_dir)
        return ShapeStore(self.home.config_dir / "shapes", config.shaping.providers)

    def kept(self) -> Mapping[str, bytes]:
        """All files that there are of shapes, by name."""
        shapes = self.home.config_dir / "shapes"
        return {path.name: path.read_bytes() for path in shapes.rglob("*") if path.is_file()} if shapes.is_dir() else {}

    def processes(self) -> list[str]:
        """The processes whose command line or environment has a path of this home in it."""
        mark = os.fsencode(self.home.root)
        return sorted({name for name, told in processes() if mark in told})

    def left_behind(self) -> list[str]:
        """What there is still of captures: temporary files and processes."""
        return [*map(str, self.temporary.iterdir()), *self.processes()]


def processes() -> Iterator[tuple[str, bytes]]:
    """Process ids, with what is known of each."""
    for folder in Path("/proc").glob("[0-9]*"):
        for file in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                yield folder.name, (folder / file).read_bytes()


@dataclass(frozen=True)
class Captured:
    """A capture that went well, and what the network saw of it."""

    person: Person
    done: Done
    login: bytes
    packets: list[dict[str, Any]]

    @property
    def shape(self) -> Shape:
        """What was kept."""
        (shape,) = self.person.store().versions("anthropic")
        return shape


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def captured(request: pytest.FixtureRequest) -> Iterator[Captured]:
    home = Home()
    try:
        with Outer(request.param, sniff=True) as outer:
            person = Person(outer, home)
            login = person.login.read_bytes()
            done = person.capture("expired")
            yield Captured(person, done, login, outer.sniffed())
    finally:
        home.remove()


@pytest.fixture(scope="module")
def outer() -> Iterator[Outer]:
    with Outer(people()[0], sniff=True) as made:
        yield made


@pytest.fixture
def person(outer: Outer, home: Home) -> Person:
    return Person(outer, home)
