"""Looks at everything that a jail needs, builds one, and looks at it from inside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ccproxy.jail.checks import device, files, inside, namespaces, network, settings, system
from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown

VERSION = 1
"""Of the JSON, as `doctor.schema.json` describes it."""
ELSEWHERE = {
    "darwin": "the capture jail needs Linux; what works here is the reverse listener (`ccproxy start`, "
    "`ccproxy run -- CMD`), and a Linux VM has the jail",
    "win32": "the capture jail needs Linux; what works here is the reverse listener (`ccproxy start`, "
    "`ccproxy run -- CMD`), and WSL 2 has the jail (WSL 1 has not)",
}
"""What to say where there are no namespaces, in a line."""


@dataclass(frozen=True, slots=True)
class Result:
    """A check and what it found."""

    check: Check[Any]
    finding: Finding

    def as_json(self) -> dict[str, str]:
        """It in plain values."""
        return {
            "id": self.check.id,
            "title": self.check.title,
            "why": self.check.why,
            "status": self.finding.status,
            "detail": self.finding.detail,
            "fix": self.finding.fix,
        }


def elsewhere(platform: str | None = None) -> str | None:
    """What works on a system that has no jails, in a line; None on Linux."""
    platform = platform or sys.platform
    if platform == "linux":
        return None
    return ELSEWHERE.get(platform, "the capture jail needs Linux")


def platform(house: House) -> Finding:
    """Whether this is Linux."""
    line = elsewhere()
    return failed(line, "use Linux, or WSL 2 on Windows") if line else ok("Linux")


def daemon(house: House) -> Finding:
    """Whether a daemon runs, to which a jail could have a tunnel."""
    if house.trouble:
        return failed(house.trouble, "stop it and start it again: ccproxy start")
    if house.control is None:
        return unknown("none is running: a jail is tried without its tunnel", "ccproxy start, then ask again")
    return ok("it answers")


PLATFORM = Check("platform", "Operating system", "A jail is made of Linux namespaces.", platform)
DAEMON = Check("daemon", "Daemon", "A jail's tunnel leads into it.", daemon)
OUTSIDE: tuple[Check[House], ...] = (
    *system.CHECKS,
    *settings.CHECKS,
    *namespaces.CHECKS,
    *device.CHECKS,
    *network.CHECKS,
    *files.CHECKS,
    DAEMON,
)


def examine(house: House) -> Iterator[Result]:
    """All results, each as soon as it is known."""
    first = Result(PLATFORM, platform(house))
    yield first
    if first.finding.status == "failed":
        return
    for check in OUTSIDE:
        yield Result(check, finding_of(check.look, house))
    yield from seen_inside(inside.look(house))


def seen_inside(found: inside.Inside) -> Iterator[Result]:
    """What the probe found."""
    for check in (*inside.CHECKS, *inside.WITH_DAEMON):
        if check.id != "jail_starts" and not found.seen:
            yield Result(check, unknown("there was no jail to look from"))
        elif check in inside.WITH_DAEMON and not found.daemon:
            yield Result(check, unknown("not tried: no daemon is running"))
        else:
            yield Result(check, finding_of(check.look, found))


def finding_of[Subject](look: Callable[[Subject], Finding], subject: Subject) -> Finding:
    """What a check finds; one that breaks has found nothing out."""
    try:
        return look(subject)
    except Exception as error:  # noqa: BLE001 - one check must not hide the others
        return unknown(f"{type(error).__name__}: {error}", inside.OURS)


def failures(results: list[Result]) -> list[str]:
    """The ids of the checks that failed."""
    return [result.check.id for result in results if result.finding.status == "failed"]
