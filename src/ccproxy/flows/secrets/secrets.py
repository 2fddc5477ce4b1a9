"""Credentials out of the record of an exchange, and back into it.

What is taken out: header fields, query parameters, members of JSON and fields of forms that carry credentials by their
names, keys of known formats wherever they are, and what a field of the same exchange holds as a credential wherever it
is repeated. Sentinel keys, which name a provider, stay. docs/secrets.md tells what this does not find.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ccproxy.exchange import Exchange
from ccproxy.flows.record.record import Record, RecordError, from_record, to_record
from ccproxy.flows.secrets.bodies import Piece, whole
from ccproxy.flows.secrets.facts import Path, changes, held, without_thread_token
from ccproxy.flows.secrets.uses import redacted_bodies

OF_BODIES = frozenset({"body", "lengths", "lines"})
"""Facts that say how bodies are parted, and the body of an attempt."""


@dataclass(slots=True, frozen=True)
class Secrets:
    """What was taken out of a record. False if that is nothing."""

    facts: tuple[tuple[Path, Any], ...] = ()
    """Where in the facts, and what was there."""
    bodies: tuple[tuple[int, tuple[Piece, ...]], ...] = ()
    """Of which body, and its pieces."""

    def __bool__(self) -> bool:
        return bool(self.facts or self.bodies)

    def without_bodies(self) -> Secrets:
        """Those that are not of bodies (`ccproxy.flows.record.record.without_bodies`)."""
        return Secrets(tuple((path, value) for path, value in self.facts if not OF_BODIES.intersection(path)))

    def to_bytes(self) -> bytes:
        """As JSON."""
        bodies = [
            [place, [[piece.at, piece.length, base64.b64encode(piece.original).decode()] for piece in pieces]]
            for place, pieces in self.bodies
        ]
        return orjson.dumps({"facts": self.facts, "bodies": bodies})

    @classmethod
    def from_bytes(cls, data: bytes) -> Secrets:
        """What `to_bytes` made. Raises RecordError."""
        try:
            told = orjson.loads(data)
            facts = tuple((tuple(path), value) for path, value in told["facts"])
            bodies = tuple((place, tuple(_piece(*piece) for piece in pieces)) for place, pieces in told["bodies"])
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"the credentials of a flow cannot be read: {error!r}") from error
        return cls(facts, bodies)


NOTHING = Secrets()


def take_out(record: Record) -> tuple[Record, Secrets]:
    """A record without credentials, and these. One that holds none comes back itself."""
    known = held(record.facts)
    found = list(changes(record.facts, known))
    bodies, taken = list(record.bodies), []
    for place, clean, changed in redacted_bodies(record, known):
        bodies[place] = clean.body
        taken.append((place, tuple(clean.pieces)))
        found += changed
    if not found and not taken:
        return record, NOTHING
    facts = _with(record.facts, [(path, new) for path, _, new in found])
    return Record(facts, tuple(bodies)), Secrets(tuple((path, old) for path, old, _ in found), tuple(taken))


def put_back(record: Record, secrets: Secrets) -> Record:
    """The record of which `take_out` made this one and these secrets; without bodies if this one has lost its own.

    Raises RecordError if they are another's.
    """
    if secrets.bodies and not record.bodies:
        secrets = secrets.without_bodies()
    if not secrets:
        return record
    try:
        facts, bodies = _with(record.facts, secrets.facts), list(record.bodies)
        for place, pieces in secrets.bodies:
            bodies[place] = whole(bodies[place], pieces)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise RecordError(f"the credentials are not those of this flow: {error!r}") from error
    return replace(record, facts=facts, bodies=tuple(bodies))


def redacted(ex: Exchange) -> Exchange:
    """An exchange without credentials, as it may be shown; one that holds none comes back itself."""
    whole = to_record(ex)
    record = take_out(whole)[0]
    facts = without_thread_token(record.facts)
    return ex if facts is whole.facts and record is whole else from_record(replace(record, facts=facts))


def _piece(at: int, length: int, original: str) -> Piece:
    return Piece(at, length, base64.b64decode(original))


def _with(facts: dict[str, Any], values: Sequence[tuple[Path, Any]]) -> dict[str, Any]:
    """A copy with other values in some places; what is not on the way to one is shared."""
    copied: dict[Path, Any] = {(): dict(facts)}
    for path, value in values:
        for parent in _parents(path):
            if parent not in copied:
                here = copied[parent[:-1]]
                copied[parent] = here[parent[-1]] = here[parent[-1]].copy()
        copied[path[:-1]][path[-1]] = value
    result: dict[str, Any] = copied[()]
    return result


def _parents(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(1, len(path)))
