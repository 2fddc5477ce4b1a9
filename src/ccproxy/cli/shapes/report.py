"""What `ccproxy status` tells of the shapes that providers ask for. Nothing here loads a shape: it has to be quick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ccproxy.cli.shapes.newer import newer_than
from ccproxy.cli.shapes.stored import own_files, users_of
from ccproxy.shaping.shape import Provenance, capture_command

if TYPE_CHECKING:
    from ccproxy.config import Config

type Told = dict[str, Any]

FACTS = ("source", "client", "version", "captured", "program", "program_version")
"""Members of a provenance that a daemon tells."""


def by_daemon(shapes: Sequence[Mapping[str, Any]]) -> list[Told]:
    """What a daemon tells of its shapes, with whether their clients are installed in a newer version now."""
    return [{**each, **judged(each)} for each in shapes]


def judged(each: Mapping[str, Any]) -> Told:
    """How a shape stands (`ok`, `failing`, `stale`, `missing`, `broken`, `loading`), why, and what to do."""
    if each["state"] != "ready":
        return {"why": each.get("error"), "fix": each.get("fix")}
    known = Provenance(**{name: each[name] for name in FACTS if each.get(name) is not None})
    if each.get("failures"):
        why = f"{each['failures']} requests could not be shaped, the last: {each['last_failure']}"
        return {"state": "failing", "why": why, "fix": "see ccproxy's log"}
    newer = newer_than(known, each.get("newer_seen"))
    if not newer:
        return {"state": "ok", "why": None, "fix": None}
    return {"state": "stale", "why": newer, "fix": f"run: {capture_command(each['profile'])}"}


def by_config(config: Config) -> list[Told]:
    """The same without a daemon: what the configuration asks for, and whether there is a file of it at all."""
    if not config.shaping.enabled:
        return []
    names = dict.fromkeys(provider.shape for provider in config.providers.values() if provider.shape)
    return [{"profile": name, "providers": users_of(config, name), **there(config, name)} for name in names]


def there(config: Config, name: str) -> Told:
    """Whether there is a file of a profile's shape (`unknown`: nobody has looked into it) or none (`missing`)."""
    if own_files(config, name):
        return {"state": "unknown", "why": None, "fix": None}
    return {"state": "missing", "why": "there is none yet", "fix": f"run: {capture_command(name)}"}
