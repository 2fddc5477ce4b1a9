"""An exchange in parts that can be kept and sent: what is known of it as JSON, its bodies as bytes.

What `from_record` gives back equals the exchange that `to_record` took, but that each body is in one piece and that
lone surrogates in what hooks said are question marks. The JSON is plain: header fields and request-targets are text
(latin-1, so that every byte has its character), times are seconds since the epoch. A body that several messages share
is there once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccproxy.exchange import Exchange, Failure, Origin, Process, Timings, WireFormat
from ccproxy.flows.record import parts, talk

SAME = "same"
"""In the place of the client's response: it is the provider's."""

PLAIN = (
    "id", "front", "model", "session", "conversation", "system_hash", "tags", "jail", "protocol", "dropped"
)  # fmt: skip
"""Members of an exchange that are JSON already."""


class RecordError(ValueError):
    """A record that is not one: it names what cannot be read."""


@dataclass(slots=True, frozen=True)
class Record:
    """What is known of an exchange, and its bodies; where the facts have a body, they have its index."""

    facts: dict[str, Any]
    bodies: tuple[bytes, ...]

    @property
    def id(self) -> str:
        """The exchange's id."""
        return str(self.facts["id"])

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies))


def to_record(ex: Exchange) -> Record:
    """The parts of an exchange, as it is at this moment."""
    bodies = parts.Bodies()
    same = ex.response is not None and ex.response is ex.provider_response
    facts: dict[str, Any] = {name: parts.safe(getattr(ex, name)) for name in PLAIN}
    facts |= {
        "answered_model": parts.safe(ex.answered_model),
        "thread": parts.safe(ex.thread),
        "client": list(ex.client) if ex.client else None,
        "format": ex.format and ex.format.value,
        "route": parts.route(ex.route),
        "request": parts.request(ex.request, bodies),
        "forwarded": ex.forwarded and parts.request(ex.forwarded, bodies),
        "credential_headers": sorted(ex.credential_headers),
        "provider_response": parts.response(ex.provider_response, bodies),
        "response": SAME if same else parts.response(ex.response, bodies),
        "websocket": ex.websocket and talk.websocket(ex.websocket, bodies),
        "failure": ex.failure and parts.plain(ex.failure),
        "process": ex.process and parts.plain(ex.process),
        "destination": ex.destination and parts.plain(ex.destination),
        "raw": ex.raw and talk.raw(ex.raw, bodies),
        "hooks": [parts.plain(result) for result in ex.hooks],
        "timings": parts.plain(ex.timings),
        "attempts": [parts.attempt(attempt) for attempt in ex.attempts],
        "client_tls": parts.safe(ex.client_tls) if ex.client_tls else None,
    }
    return Record(facts, tuple(bodies.all))


def from_record(record: Record) -> Exchange:
    """The exchange of a record. Raises RecordError."""
    try:
        return _exchange(record.facts, record.bodies)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise RecordError(f"the record of a flow cannot be read: {error!r}") from error


def without_bodies(record: Record) -> Record:
    """The record without its bodies; each message still has its size, all of it dropped."""
    facts, sizes = dict(record.facts), [len(body) for body in record.bodies]
    for name in ("request", "forwarded", "provider_response", "response"):
        if isinstance(facts[name], dict):
            facts[name] = _without(facts[name], sizes)
    if facts["websocket"]:
        facts["websocket"] = _unsaid(facts["websocket"], sizes, ("from_client", "from_server", "messages"))
    if facts["raw"]:
        facts["raw"] = _unsaid(facts["raw"], sizes, ("messages",))
    facts["attempts"] = [{**each, "body": ""} for each in facts["attempts"]]
    return Record(facts, ())


def _without(facts: Mapping[str, Any], sizes: Sequence[int]) -> dict[str, Any]:
    place = facts["body"]
    return {**facts, "body": None, "dropped": facts["dropped"] + (0 if place is None else sizes[place])}


def _unsaid(facts: Mapping[str, Any], sizes: Sequence[int], sides: Sequence[str]) -> dict[str, Any]:
    places = [facts[side]["body"] for side in sides]
    empty: dict[str, Any] = {side: {**{key: [] for key in facts[side]}, "body": None} for side in sides}
    return {**facts, **empty, "dropped": facts["dropped"] + sum(sizes[place] for place in places if place is not None)}


def _exchange(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> Exchange:
    provider_response = parts.to_response(facts["provider_response"], bodies)
    same = facts["response"] == SAME
    process, client, raw, socket = (facts[name] for name in ("process", "client", "raw", "websocket"))
    return Exchange(
        parts.to_request(facts["request"], bodies),
        client=(client[0], client[1]) if client else None,
        format=WireFormat(facts["format"]) if facts["format"] else None,
        route=parts.to_route(facts["route"]),
        forwarded=parts.to_request(facts["forwarded"], bodies) if facts["forwarded"] else None,
        credential_headers=frozenset(facts["credential_headers"]),
        provider_response=provider_response,
        response=provider_response if same else parts.to_response(facts["response"], bodies),
        websocket=talk.to_websocket(socket, bodies) if socket else None,
        failure=Failure(**facts["failure"]) if facts["failure"] else None,
        process=Process(tuple(process["command"]), process["pid"]) if process else None,
        destination=Origin(**facts["destination"]) if facts["destination"] else None,
        raw=talk.to_raw(raw, bodies) if raw else None,
        hooks=[parts.to_hook(each) for each in facts["hooks"]],
        timings=Timings(**facts["timings"]),
        attempts=[parts.to_attempt(each) for each in facts["attempts"]],
        client_tls=facts["client_tls"],
        answered_model=facts.get("answered_model"),  # older records have neither
        thread=facts.get("thread"),
        **{name: facts[name] for name in PLAIN},
    )
