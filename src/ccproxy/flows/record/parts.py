"""The parts of an exchange as plain JSON and back: each pair of functions here is for one kind of part.

What they are given to read may be anything; what is wrong with it comes as KeyError, TypeError, ValueError, IndexError
or AttributeError, for `ccproxy.flows.record.record` to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ccproxy.exchange import (
    Attempt,
    Failure,
    Header,
    Headers,
    HookResult,
    HttpRequest,
    HttpResponse,
    Origin,
    Route,
    WireFormat,
)


class Bodies:
    """Collects bodies, each once."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self._places: dict[int, int] = {}
        """By the id of an object that `all` keeps alive."""

    def add(self, body: bytes) -> int | None:
        """The index of a body; None for an empty one."""
        if not body:
            return None
        place = self._places.get(id(body))
        if place is None:
            place = next((at for at, known in enumerate(self.all) if known == body), None)
        if place is None:
            place = self._places[id(body)] = len(self.all)
            self.all.append(body)
        return place


def plain(part: Any) -> dict[str, Any]:
    """The fields of a dataclass whose values are plain but for lone surrogates, which are no JSON."""
    return {each.name: safe(getattr(part, each.name)) for each in fields(part)}


def safe(value: Any) -> Any:
    """Hooks are free to set any str, command lines may hold any bytes: lone surrogates become question marks."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {safe(name): safe(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [safe(each) for each in value]
    return value


def text(headers: Headers) -> list[list[str]]:
    """Header fields as text."""
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


def to_headers(pairs: Sequence[Sequence[str]]) -> list[Header]:
    """What `text` made."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def to_body(bodies: Sequence[bytes], place: int | None) -> bytes:
    """The body at a place; nothing for None."""
    if place is None:
        return b""
    if place < 0:
        raise IndexError("the place of a body is negative")
    return bodies[place]


def request(sent: HttpRequest, bodies: Bodies) -> dict[str, Any]:
    """A request."""
    return {
        "method": safe(sent.method),
        "target": sent.target.decode("latin-1"),
        "headers": text(sent.headers),
        "body": bodies.add(sent.body),
        "http_version": safe(sent.http_version),
        "dropped": sent.dropped,
    }


def to_request(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> HttpRequest:
    """What `request` made."""
    target, headers, body = facts["target"].encode("latin-1"), to_headers(facts["headers"]), facts["body"]
    version, dropped = facts["http_version"], facts["dropped"]
    return HttpRequest(facts["method"], target, headers, to_body(bodies, body), version, dropped)


def response(got: HttpResponse | None, bodies: Bodies) -> dict[str, Any] | None:
    """A response, or None."""
    if got is None:
        return None
    return {
        "status": got.status,
        "headers": text(got.headers),
        "reason": got.reason.decode("latin-1"),
        "body": bodies.add(got.body),
        "http_version": safe(got.http_version),
        "complete": got.complete,
        "dropped": got.dropped,
        "trailers": text(got.trailers),
    }


def to_response(facts: Mapping[str, Any] | None, bodies: Sequence[bytes]) -> HttpResponse | None:
    """What `response` made."""
    if facts is None:
        return None
    body = to_body(bodies, facts["body"])
    return HttpResponse(
        facts["status"],
        to_headers(facts["headers"]),
        facts["reason"].encode("latin-1"),
        [body] if body else [],
        facts["http_version"],
        facts["complete"],
        facts["dropped"],
        to_headers(facts["trailers"]),
    )


def route(chosen: Route | None) -> dict[str, Any] | None:
    """A route, or None."""
    if chosen is None:
        return None
    wire, origin = chosen.provider_format, chosen.origin
    return plain(chosen) | {"provider_format": wire and wire.value, "origin": origin and plain(origin)}


def to_route(facts: Mapping[str, Any] | None) -> Route | None:
    """What `route` made."""
    if facts is None:
        return None
    wire, origin = facts["provider_format"], facts["origin"]
    to = Origin(**origin) if origin else None
    return Route(facts["action"], facts["provider"], WireFormat(wire) if wire else None, to, facts["reason"])


def attempt(made: Attempt) -> dict[str, Any]:
    """One sending."""
    return plain(made) | {
        "failure": made.failure and plain(made.failure),
        "interim": [[status, text(headers)] for status, headers in made.interim],
        "headers": text(made.headers),
        "body": made.body.decode("latin-1"),
    }


def to_attempt(facts: Mapping[str, Any]) -> Attempt:
    """What `attempt` made."""
    read = {
        "failure": Failure(**facts["failure"]) if facts["failure"] else None,
        "interim": [(status, to_headers(headers)) for status, headers in facts["interim"]],
        "headers": to_headers(facts["headers"]),
        "body": facts["body"].encode("latin-1"),
    }
    return Attempt(**{**facts, **read})


def to_hook(facts: Mapping[str, Any]) -> HookResult:
    """What `plain` made of what became of a hook."""
    return HookResult(**{**facts, "wrote": tuple(facts["wrote"])})
