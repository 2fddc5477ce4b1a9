"""For whom a test runs its programs: root, and a user who is nobody in particular."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ORDINARY = 54321
"""A user id that no system gives to anybody: what tests that run as root become for an ordinary user."""


@dataclass(frozen=True)
class Person:
    """`uid` and `gid` are what programs inside the outer namespace see themselves as."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Gives a folder and all that is in it to this person, where the tests themselves are root."""
        if os.getuid() != 0:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def people() -> list[Person]:
    """Root and an ordinary user. Tests that do not run as root are root in a user namespace of their own."""
    ordinary = Person("user", os.getuid(), os.getgid()) if os.getuid() else Person("user", ORDINARY, ORDINARY)
    return [ordinary, Person("root", 0, 0)]
