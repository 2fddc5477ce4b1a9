"""How a shape stands: whether it can be used, where it comes from, and whether its client is newer by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.shapes.newer import newer_than
from ccproxy.cli.shapes.stored import shapes_dir, users_of
from ccproxy.shaping.patches import listed
from ccproxy.shaping.shape import NoShapeYet, Provenance, ShapeError, capture_command

if TYPE_CHECKING:
    from ccproxy.cli.session import Session
    from ccproxy.config import Config
    from ccproxy.shaping.store import ShapeStore

type State = Literal["ok", "stale", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to know of the shape of one profile."""

    name: str
    state: State
    why: str = ""
    """What is wrong, where something is."""
    fix: str = ""
    """What to do about it."""
    provenance: Provenance = field(default_factory=Provenance)
    providers: tuple[str, ...] = ()
    """Those that name it."""
    patches: tuple[str, ...] = ()
    versions: int = 0
    """How many are kept in its file."""

    @property
    def day(self) -> str:
        """When it was captured, in local time to the minute; empty where that is not known."""
        captured = self.provenance.captured
        return "" if captured is None else f"{datetime.fromtimestamp(captured).astimezone():%Y-%m-%d %H:%M}"

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        known = asdict(self.provenance) | ({} if self.state in ("ok", "stale") else {"source": None})
        return {"name": self.name, "state": self.state, "why": self.why or None, "fix": self.fix or None} | {
            **known,
            "captured": moment_of(self.provenance),
            "providers": list(self.providers),
            "patches": list(self.patches),
            "versions": self.versions,
        }


def standing_of(config: Config, store: ShapeStore, name: str, seen: Mapping[str, str]) -> Standing:
    """How the shape of a profile stands.

    Args:
        config: names the providers that use it.
        store: has it.
        name: the profile's.
        seen: newer versions of clients that a daemon has met, by profile.
    """
    users, patches = tuple(users_of(config, name)), patches_of(config, name)
    try:
        known, versions = store.pick(name).provenance, len(store.versions(name))
    except ShapeError as error:
        state: State = "missing" if isinstance(error, NoShapeYet) else "broken"
        return Standing(name, state, error.message, error.fix, providers=users, patches=patches)
    newer = newer_than(known, seen.get(name))
    fix = f"run: {capture_command(name)}" if newer else ""
    return Standing(name, "stale" if newer else "ok", newer, fix, known, users, patches, versions)


def patches_of(config: Config, name: str) -> tuple[str, ...]:
    """The patches of a profile, as its series names them; those that are there where that cannot be read."""
    queue = shapes_dir(config) / name
    try:
        return tuple(path.name for path, _ in listed(queue))
    except ShapeError:
        return tuple(sorted(path.name for path in queue.glob("*.patch")))


def seen_by_daemon(session: Session) -> dict[str, str]:
    """Newer versions of clients that a running daemon has met, by profile; empty where none runs or answers."""
    try:
        told = session.control().status()
    except CommandError:
        return {}
    shapes = told.get("shapes") or [] if told else []
    return {each["profile"]: each["newer_seen"] for each in shapes if each.get("newer_seen")}


def moment_of(provenance: Provenance) -> str | None:
    """When it was captured: ISO 8601, UTC."""
    if provenance.captured is None:
        return None
    return datetime.fromtimestamp(provenance.captured, UTC).isoformat(timespec="seconds")
