"""An exchange in parts that can be kept and sent: what is known of it as JSON, its bodies as bytes.

What `from_record` gives back equals the exchange that `to_record` took, but that each body is in one piece. The JSON
is plain: header fields and request-targets are text (latin-1, so that every byte has its character), times are seconds
since the epoch. A body that several messages share is there once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ccproxy.exchange import (
    Attempt,
    Exchange,
    Failure,
    Header,
    Headers,
    HookResult,
    HttpRequest,
    HttpResponse,
    Message,
    Origin,
    Process,
    RawRecord,
    Route,
    Timings,
    WebSocketRecord,
    WireFormat,
)

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


class Bodies:
    """Collects bodies, each once."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self._places: dict[int, int] = {}

    def add(self, body: bytes) -> int | None:
        """The index of a body; None for an empty one."""
        if not body:
            return None
        place = self._places.get(id(body))
        if place is None:
            place = next((at for at, known in enumerate(self.all) if known == body), None)
        if place is None:
            place = len(self.all)
            self.all.append(body)
        self._places[id(body)] = place
        return place


def to_record(ex: Exchange) -> Record:
    """The parts of an exchange, as it is at this moment."""
    bodies = Bodies()
    response = (
        SAME if ex.response is not None and ex.response is ex.provider_response else _response(ex.response, bodies)
    )
    facts: dict[str, Any] = {name: getattr(ex, name) for name in PLAIN}
    facts |= {
        "client": list(ex.client) if ex.client else None,
        "format": ex.format and ex.format.value,
        "route": _route(ex.route),
        "request": _request(ex.request, bodies),
        "forwarded": _request(ex.forwarded, bodies) if ex.forwarded else None,
        "credential_headers": sorted(ex.credential_headers),
        "provider_response": _response(ex.provider_response, bodies),
        "response": response,
        "websocket": _websocket(ex.websocket, bodies) if ex.websocket else None,
        "failure": asdict(ex.failure) if ex.failure else None,
        "process": {"command": [_safe(word) for word in ex.process.command], "pid": ex.process.pid}
        if ex.process
        else None,
        "destination": asdict(ex.destination) if ex.destination else None,
        "raw": _raw(ex.raw, bodies) if ex.raw else None,
        "hooks": [asdict(result) | {"wrote": list(result.wrote)} for result in ex.hooks],
        "timings": asdict(ex.timings),
        "attempts": [_attempt(attempt) for attempt in ex.attempts],
        "client_tls": dict(ex.client_tls) if ex.client_tls else None,
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
            facts[name] = _without(facts[name], sizes, "body")
    if facts["websocket"]:
        facts["websocket"] = _unsaid(facts["websocket"], sizes, ("from_client", "from_server", "messages"))
    if facts["raw"]:
        facts["raw"] = _unsaid(facts["raw"], sizes, ("messages",))
    facts["attempts"] = [{**each, "body": ""} for each in facts["attempts"]]
    return Record(facts, ())


def _without(facts: Mapping[str, Any], sizes: Sequence[int], name: str) -> dict[str, Any]:
    place = facts[name]
    return {**facts, name: None, "dropped": facts["dropped"] + (0 if place is None else sizes[place])}


def _unsaid(facts: Mapping[str, Any], sizes: Sequence[int], sides: Sequence[str]) -> dict[str, Any]:
    places = [facts[side]["body"] for side in sides]
    empty: dict[str, Any] = {side: {**{key: [] for key in facts[side]}, "body": None} for side in sides}
    return {**facts, **empty, "dropped": facts["dropped"] + sum(sizes[place] for place in places if place is not None)}


def _exchange(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> Exchange:
    request = _to_request(facts["request"], bodies)
    provider_response = _to_response(facts["provider_response"], bodies)
    response = provider_response if facts["response"] == SAME else _to_response(facts["response"], bodies)
    process, client, raw, socket = (facts[name] for name in ("process", "client", "raw", "websocket"))
    return Exchange(
        request,
        client=(client[0], client[1]) if client else None,
        format=WireFormat(facts["format"]) if facts["format"] else None,
        route=_to_route(facts["route"]),
        forwarded=_to_request(facts["forwarded"], bodies) if facts["forwarded"] else None,
        credential_headers=frozenset(facts["credential_headers"]),
        provider_response=provider_response,
        response=response,
        websocket=_to_websocket(socket, bodies) if socket else None,
        failure=Failure(**facts["failure"]) if facts["failure"] else None,
        process=Process(tuple(process["command"]), process["pid"]) if process else None,
        destination=Origin(**facts["destination"]) if facts["destination"] else None,
        raw=_to_raw(raw, bodies) if raw else None,
        hooks=[HookResult(**{**each, "wrote": tuple(each["wrote"])}) for each in facts["hooks"]],
        timings=Timings(**facts["timings"]),
        attempts=[_to_attempt(each) for each in facts["attempts"]],
        client_tls=facts["client_tls"],
        **{name: facts[name] for name in PLAIN},
    )


def _safe(text: str) -> str:
    """Command lines may hold any bytes; lone surrogates are no JSON."""
    return text.encode("utf-8", "replace").decode()


def _text(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


def _bytes(headers: Sequence[Sequence[str]]) -> list[Header]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _body(bodies: Sequence[bytes], place: int | None) -> bytes:
    return b"" if place is None else bodies[place]


def _request(request: HttpRequest, bodies: Bodies) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": request.target.decode("latin-1"),
        "headers": _text(request.headers),
        "body": bodies.add(request.body),
        "http_version": request.http_version,
        "dropped": request.dropped,
    }


def _to_request(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> HttpRequest:
    target, headers, body = facts["target"].encode("latin-1"), _bytes(facts["headers"]), _body(bodies, facts["body"])
    return HttpRequest(facts["method"], target, headers, body, facts["http_version"], facts["dropped"])


def _response(response: HttpResponse | None, bodies: Bodies) -> dict[str, Any] | None:
    if response is None:
        return None
    return {
        "status": response.status,
        "headers": _text(response.headers),
        "reason": response.reason.decode("latin-1"),
        "body": bodies.add(response.body),
        "http_version": response.http_version,
        "complete": response.complete,
        "dropped": response.dropped,
        "trailers": _text(response.trailers),
    }


def _to_response(facts: Mapping[str, Any] | None, bodies: Sequence[bytes]) -> HttpResponse | None:
    if facts is None:
        return None
    body = _body(bodies, facts["body"])
    return HttpResponse(
        facts["status"],
        _bytes(facts["headers"]),
        facts["reason"].encode("latin-1"),
        [body] if body else [],
        facts["http_version"],
        facts["complete"],
        facts["dropped"],
        _bytes(facts["trailers"]),
    )


def _route(route: Route | None) -> dict[str, Any] | None:
    if route is None:
        return None
    wire = route.provider_format and route.provider_format.value
    return {**asdict(route), "provider_format": wire}


def _to_route(facts: Mapping[str, Any] | None) -> Route | None:
    if facts is None:
        return None
    wire, origin = facts["provider_format"], facts["origin"]
    return Route(
        facts["action"],
        facts["provider"],
        WireFormat(wire) if wire else None,
        Origin(**origin) if origin else None,
        facts["reason"],
    )


def _attempt(attempt: Attempt) -> dict[str, Any]:
    plain = {each.name: getattr(attempt, each.name) for each in fields(attempt)}
    return plain | {
        "failure": asdict(attempt.failure) if attempt.failure else None,
        "interim": [[status, _text(headers)] for status, headers in attempt.interim],
        "headers": _text(attempt.headers),
        "body": attempt.body.decode("latin-1"),
    }


def _to_attempt(facts: Mapping[str, Any]) -> Attempt:
    return Attempt(
        **{
            **facts,
            "failure": Failure(**facts["failure"]) if facts["failure"] else None,
            "interim": [(status, _bytes(headers)) for status, headers in facts["interim"]],
            "headers": _bytes(facts["headers"]),
            "body": facts["body"].encode("latin-1"),
        }
    )


def _said(messages: Sequence[Message], bodies: Bodies) -> dict[str, Any]:
    """Messages: their bytes are one body, here are their lengths."""
    kept = list(messages)
    lines = [[each.from_client, len(each.content), each.time, each.is_text] for each in kept]
    return {"lines": lines, "body": bodies.add(b"".join(each.content for each in kept))}


def _to_said(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> list[Message]:
    pieces = _pieces([line[1] for line in facts["lines"]], _body(bodies, facts["body"]))
    lines = zip(facts["lines"], pieces, strict=True)
    return [Message(from_client, piece, time, is_text) for (from_client, _, time, is_text), piece in lines]


def _pieces(lengths: Sequence[int], whole: bytes) -> list[bytes]:
    at, found = 0, []
    for length in lengths:
        found.append(whole[at : at + length])
        at += length
    return found


def _websocket(record: WebSocketRecord, bodies: Bodies) -> dict[str, Any]:
    client, server = list(record.from_client), list(record.from_server)
    return {
        "from_client": {"lengths": list(map(len, client)), "body": bodies.add(b"".join(client))},
        "from_server": {"lengths": list(map(len, server)), "body": bodies.add(b"".join(server))},
        "dropped": record.dropped,
        "messages": _said(record.messages, bodies),
        "close_code": record.close_code,
        "closed_by_client": record.closed_by_client,
    }


def _to_websocket(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> WebSocketRecord:
    client, server = (
        _pieces(facts[side]["lengths"], _body(bodies, facts[side]["body"])) for side in ("from_client", "from_server")
    )
    said = _to_said(facts["messages"], bodies)
    return WebSocketRecord(client, server, facts["dropped"], said, facts["close_code"], facts["closed_by_client"])


def _raw(record: RawRecord, bodies: Bodies) -> dict[str, Any]:
    said = _said(record.messages, bodies)
    plain = {name: getattr(record, name) for name in ("dropped", "sent", "received", "status")}
    return {**plain, "messages": said, "answers": list(record.answers)}


def _to_raw(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> RawRecord:
    said, plain = _to_said(facts["messages"], bodies), {name: facts[name] for name in ("dropped", "sent", "received")}
    return RawRecord(said, **plain, status=facts["status"], answers=tuple(facts["answers"]))
