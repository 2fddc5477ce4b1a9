"""Whether a shape's client is newer by now, in words, and what to do. Quick: `ccproxy status` uses it."""

from __future__ import annotations

from ccproxy.shaping.shape import Provenance, is_newer
from ccproxy.shaping.staleness import newer_installed


def newer_than(provenance: Provenance, seen: str | None) -> str:
    """That the client is newer than the shape, in words; nothing where it is not, as far as anybody knows."""
    if installed := newer_installed(provenance):
        return str(installed)
    if seen and provenance.version and is_newer(seen, provenance.version):
        return f"requests of {seen} have been seen"
    return ""
