"""What became of a client's request on its way, and of the provider's answer on its way back.

The listener's own address is no part of a request: a request that left for its provider under the path that it came to
is not changed by that (the place where it went is told by itself). Credentials are never in what this gives.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from ccproxy.exchange import Exchange, Headers, HttpRequest, HttpResponse
from ccproxy.flows.diff.requests import Difference, diff_messages
from ccproxy.flows.secrets.redact import REDACTED, redact_target, redact_value

SENTINEL = b"sk-ant-oat-ccproxy-"
"""Begins the keys that stand for a provider's credential; they are no secrets."""


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """What became of the fields of one name. Their values, credentials redacted; none where there was no field."""

    name: str
    """As it was written on the side that has it; the latter's where both have."""
    how: Literal["added", "removed", "changed"]
    old: tuple[str, ...]
    new: tuple[str, ...]
    credential: bool = False
    """The latter is the provider's own credential."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A value on either side."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RequestComparison:
    """The client's request and the one that was forwarded."""

    sent_to: str | None
    """The origin that it went to; None if it was not forwarded."""
    method: Changed | None
    target: Changed | None
    """Path and query, or, where the client itself meant another place than it went to, the whole URLs."""
    headers: tuple[HeaderChange, ...]
    body: Difference
    dropped: dict[str, int] = field(default_factory=dict)
    """What a translation left out, by rule: docs/formats.md."""

    @property
    def same(self) -> bool:
        """True if it was forwarded as it came."""
        return not (self.method or self.target or self.headers or self.dropped) and self.body.empty


@dataclass(frozen=True, slots=True)
class ResponseComparison:
    """The provider's response and the client's."""

    status: Changed | None
    headers: tuple[HeaderChange, ...]
    body: Difference
    complete: tuple[bool, bool]
    """Whether either came to its end."""

    @property
    def same(self) -> bool:
        """True if it was passed on as it came."""
        return not (self.status or self.headers) and self.body.empty and self.complete[0] == self.complete[1]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both ways of one flow. None where one side is not there: `why` says so."""

    id: str
    request: RequestComparison | None
    response: ResponseComparison | None
    why: tuple[str, ...] = ()


def compare(ex: Exchange) -> Comparison:
    """What became of an exchange's request and answer on their ways."""
    request = compare_requests(ex, ex.forwarded) if ex.forwarded is not None else None
    both = ex.provider_response is not None and ex.response is not None
    response = compare_responses(ex.provider_response, ex.response) if both else None
    return Comparison(ex.id, request, response, tuple(reasons(ex)))


def reasons(ex: Exchange) -> list[str]:
    """Why there is nothing to compare."""
    found = []
    if ex.protocol != "http":
        return [f"this is no HTTP request but {ex.protocol.upper()}"]
    if ex.forwarded is None:
        cause = ex.failure.message if ex.failure else ex.route.reason if ex.route else "it is under way"
        found.append(f"the request was not forwarded: {cause}")
    if ex.provider_response is None and ex.forwarded is not None:
        found.append(f"the provider gave no response{f': {ex.failure.message}' if ex.failure else ''}")
    elif ex.response is None:
        found.append("the client got no response")
    return found


def compare_requests(ex: Exchange, forwarded: HttpRequest) -> RequestComparison:
    """The client's request with what was forwarded."""
    route, request = ex.route, ex.request
    origin = route.origin if route else None
    at_listener = ex.destination is None
    headers = header_changes(
        [field for field in request.headers if not (at_listener and field[0].lower() == b"host")],
        [field for field in forwarded.headers if not (at_listener and field[0].lower() == b"host")],
        ex.credential_headers,
    )
    urls = (redact_target(request.target), redact_target(forwarded.target))
    if ex.destination is not None and origin is not None and origin != ex.destination:
        urls = (f"{ex.destination}{urls[0]}", f"{origin}{urls[1]}")
    format = (route.provider_format if route else None) or ex.format
    return RequestComparison(
        str(origin or ex.destination) if origin or ex.destination else None,
        changed(request.method, forwarded.method),
        changed(*urls),
        headers,
        diff_messages(request, forwarded, ex.format, format),
        dict(ex.dropped),
    )


def compare_responses(old: HttpResponse | None, new: HttpResponse | None) -> ResponseComparison:
    """The provider's response with the client's."""
    assert old is not None
    assert new is not None
    return ResponseComparison(
        changed(str(old.status), str(new.status)),
        header_changes(old.headers, new.headers),
        diff_messages(old, new),
        (old.complete, new.complete),
    )


def changed(old: str, new: str) -> Changed | None:
    """Both values if they are not the same."""
    return Changed(old, new) if old != new else None


def header_changes(old: Headers, new: Headers, credentials: Collection[str] = ()) -> tuple[HeaderChange, ...]:
    """By name, whatever its case; several fields of a name are one list, in their order.

    Args:
        old: fields.
        new: fields.
        credentials: lower-case names of those of `new` that hold the provider's credential.
    """
    before, after = by_name(old), by_name(new)
    found = []
    for key in [*before, *(each for each in after if each not in before)]:
        _, values = before.get(key, ("", ()))
        name, others = after.get(key, before.get(key, ("", ())))
        if key not in after:
            found.append(HeaderChange(name, "removed", shown(key, values), ()))
        elif key not in before:
            found.append(HeaderChange(name, "added", (), shown(key, others, key in credentials), key in credentials))
        elif values != others or key in credentials:  # both may be redacted, and are not the same
            new_values = shown(key, others, key in credentials)
            found.append(HeaderChange(name, "changed", shown(key, values), new_values, key in credentials))
    return tuple(found)


def by_name(headers: Headers) -> dict[str, tuple[str, tuple[bytes, ...]]]:
    """Fields by lower-case name: how it is written first, and all values."""
    found: dict[str, tuple[str, tuple[bytes, ...]]] = {}
    for raw, value in headers:
        name = raw.decode("latin-1")
        written, values = found.get(name.lower(), (name, ()))
        found[name.lower()] = (written, (*values, value))
    return found


def shown(name: str, values: tuple[bytes, ...], credential: bool = False) -> tuple[str, ...]:
    """Values as text; credentials redacted, but for sentinel keys."""
    if credential:
        return (REDACTED,) * len(values)
    return tuple(value.decode("latin-1") if SENTINEL in value else redact_value(name, value) for value in values)
