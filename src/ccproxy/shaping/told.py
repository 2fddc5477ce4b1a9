"""What shaping leaves out of a request, by name: the client is told in `x-ccproxy-dropped`."""

from __future__ import annotations

from ccproxy.lightllm.drops import LONGEST_DETAIL, MOST_NAMES, UNSAFE


class LeftOut:
    """Counts of what was left out, under names that a header field can hold."""

    __slots__ = ("counts",)

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def header(self, name: bytes) -> None:
        """Counts a header field."""
        self._add("shape.header", name.decode("latin-1"))

    def field(self, name: str) -> None:
        """Counts a member of the body."""
        self._add("shape.field", name)

    def _add(self, kind: str, detail: str) -> None:
        name = f"{kind}.{UNSAFE.sub('_', detail[:LONGEST_DETAIL])}"
        if name not in self.counts and len(self.counts) >= MOST_NAMES:
            name = kind
        self.counts[name] = self.counts.get(name, 0) + 1
