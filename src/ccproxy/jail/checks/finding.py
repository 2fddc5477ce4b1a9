"""A check, what it looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ccproxy.jail import fixes
from ccproxy.jail.distribution import Distribution, text

type Status = Literal["ok", "warning", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in a sentence, and what to do about it."""

    status: Status
    detail: str
    fix: str = ""


def ok(detail: str) -> Finding:
    """All well."""
    return Finding("ok", detail)


def warning(detail: str, fix: str = "") -> Finding:
    """A jail works, but not as well as it could."""
    return Finding("warning", detail, fix)


def failed(detail: str, fix: str) -> Finding:
    """No jail works, or none holds, before this is mended."""
    return Finding("failed", detail, fix)


def unknown(detail: str, fix: str = "") -> Finding:
    """It could not be found out."""
    return Finding("unknown", detail, fix)


@dataclass(frozen=True, slots=True)
class House:
    """What checks look at. A test gives another `root`."""

    state_dir: Path
    runtime_dir: Path
    control: Path | None = None
    """The control socket of the daemon that runs; None if none does."""
    trouble: str = ""
    """Why a daemon that seems to be there does not answer."""
    root: Path = Path("/")
    distribution: Distribution = field(default_factory=Distribution)

    def read(self, path: str) -> str | None:
        """The text of a file, whose path is told without the first slash; None if it cannot be read."""
        return text(self.root / path)

    def fix(self, topic: str, **values: object) -> str:
        """What to do on this system."""
        return fixes.fix(topic, self.distribution, **values)


@dataclass(frozen=True, slots=True)
class Check[Subject]:
    """One thing that a jail needs."""

    id: str
    title: str
    why: str
    """Why it matters, in a sentence."""
    look: Callable[[Subject], Finding]
    """Never raises."""
