"""Server-sent events as a client reads them (WHATWG HTML §9.2.6)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event; `name` is empty if none was given."""

    name: str
    data: str

    def json(self) -> Any:
        """The data as JSON."""
        return json.loads(self.data)


def events(body: bytes) -> list[Event]:
    """All complete events of a stream; one that no empty line ended does not count."""
    blocks = body.replace(b"\r\n", b"\n").decode().split("\n\n")[:-1]
    parsed = (_event(block) for block in blocks)
    return [event for event in parsed if event is not None]


def _event(block: str) -> Event | None:
    lines = [line.partition(":") for line in block.split("\n") if line and not line.startswith(":")]
    values = [(name, value.removeprefix(" ")) for name, _, value in lines]
    data = [value for name, value in values if name == "data"]
    return Event(dict(values).get("event", ""), "\n".join(data)) if data else None
