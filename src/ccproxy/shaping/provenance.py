"""Where a shape comes from, as a map: in the metadata of a flow, and at the head of a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Provenance, product

SOURCES = frozenset({"capture", "flow", "packaged", "file"})


def to_map(provenance: Provenance) -> dict[str, Any]:
    """What is known of it, by name."""
    return {name: value for name, value in asdict(provenance).items() if value is not None}


def from_map(found: object) -> Provenance:
    """What a map says; members that are of another type are not known. The map may come from anybody."""
    if not isinstance(found, Mapping):
        return Provenance()
    return Provenance(**{name: found[name] for name, fits in MEMBERS.items() if fits(found.get(name))})


def told_by(headers: Headers, captured: float | None = None, fingerprint: object = None) -> Provenance:
    """What a request itself says of its client, where nobody noted it. The fingerprint is a map of `ja4` and others."""
    client, version = product(headers) or (None, None)
    ja4 = fingerprint.get("ja4") if isinstance(fingerprint, Mapping) else None
    return from_map({"source": "file", "client": client, "version": version, "captured": captured, "ja4": ja4})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


MEMBERS: Mapping[str, Callable[[object], bool]] = {
    "source": lambda value: isinstance(value, str) and value in SOURCES,
    "client": _is_text,
    "version": _is_text,
    "captured": _is_time,
    "ja4": _is_text,
    "program": _is_text,
    "program_version": _is_text,
}
