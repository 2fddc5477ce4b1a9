"""What each body of a record is (whose, and how coded), and each without its credentials."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ccproxy.flows.record.record import SAME, Record
from ccproxy.flows.secrets.bodies import Redacted, http_body, parted, pieces_of_talk, websocket_frames
from ccproxy.flows.secrets.facts import Change

MESSAGES = ("request", "forwarded", "provider_response", "response")


class Use(NamedTuple):
    """A place in the facts that has a body."""

    body: int | None
    """Its index; None where it is empty."""
    redact: partial[Redacted | None]
    """Of the body and, by the name of `known`, of known credentials."""
    lengths: Sequence[int]
    """Of the body's parts, if it has parts."""
    changes: Callable[[list[int]], list[Change]]
    """What other lengths mean for the facts."""


def redacted_bodies(record: Record, known: Collection[bytes]) -> Iterator[tuple[int, Redacted, list[Change]]]:
    """Each body that holds credentials: its index, it without them, and what else changes."""
    places: dict[int, list[Use]] = {}
    for use in _uses(record.facts):
        if use.body is not None:
            places.setdefault(use.body, []).append(use)
    for place, uses in places.items():
        if found := _redacted(record.bodies[place], uses, known):
            yield place, *found


def _redacted(body: bytes, uses: Sequence[Use], known: Collection[bytes]) -> tuple[Redacted, list[Change]] | None:
    """The body as the first of its uses redacts it that finds a credential; the others follow."""
    tried: list[tuple[Any, Any]] = []
    for at, use in enumerate(uses):
        way = (use.redact.func, use.redact.keywords)
        redacted = use.redact(body, known=known) if way not in tried else None
        tried.append(way)
        if redacted is not None:
            others = [*uses[:at], *uses[at + 1 :]]
            followed = [change for each in others for change in each.changes(parted(each.lengths, redacted.pieces))]
            return redacted, [*use.changes(redacted.lengths), *followed]
    return None


def _uses(facts: Mapping[str, Any]) -> Iterator[Use]:
    for name in MESSAGES:
        message = facts[name]
        if message and message != SAME:
            coding, kind = _field(message, "content-encoding"), _field(message, "content-type").lower()
            form = kind.encode("latin-1") if "form" in kind else b""  # all others are read alike
            yield Use(message["body"], partial(http_body, coding=coding, kind=form), (), lambda _: [])
    if facts["websocket"]:
        yield from _frames(facts)
    for name in ("websocket", "raw"):
        if facts[name]:
            yield _talk(name, facts[name]["messages"])


def _frames(facts: Mapping[str, Any]) -> Iterator[Use]:
    response = facts["provider_response"]
    extensions = _field(response, "sec-websocket-extensions").encode("latin-1") if response else None
    for side in ("from_client", "from_server"):
        sent = facts["websocket"][side]
        redact = partial(websocket_frames, extensions=extensions, from_client=side == "from_client")
        changes = partial(_other_lengths, ("websocket", side, "lengths"), sent["lengths"])
        yield Use(sent["body"], redact, sent["lengths"], changes)


def _other_lengths(path: tuple[str, ...], old: list[int], new: list[int]) -> list[Change]:
    return [(path, old, new)]


def _talk(name: str, said: Mapping[str, Any]) -> Use:
    lengths = [line[1] for line in said["lines"]]
    changes = partial(_other_lines, (name, "messages", "lines"), lengths)
    return Use(said["body"], partial(pieces_of_talk, lengths=lengths), lengths, changes)


def _other_lines(path: tuple[str, ...], old: list[int], new: list[int]) -> list[Change]:
    pairs = enumerate(zip(old, new, strict=True))
    return [((*path, at, 1), before, after) for at, (before, after) in pairs if before != after]


def _field(message: Mapping[str, Any], name: str) -> str:
    return next((str(value) for field, value in message["headers"] if field.lower() == name), "")
