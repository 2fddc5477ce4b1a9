"""Whose shape is made of flows, and whose is there: a shape of another client is nothing to come by unawares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.words import several, visible

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.shaping.shape import Provenance, Shape
    from ccproxy.shaping.store import ShapeStore

NAMELESS = "a client without a name"
REVERSE = (
    "it came to ccproxy's own address: a client that is told to call ccproxy may send less than it sends its vendor",
    "the whole envelope: `ccproxy run --inspect -- CLIENT`, then save a flow of that, or `ccproxy shapes capture`",
)


def require_one(name: str, exchanges: Sequence[Exchange]) -> str | None:
    """The client that made all of these requests, by its User-Agent. Raises CommandError if there are several."""
    clients: dict[str | None, list[Exchange]] = {}
    for ex in exchanges:
        clients.setdefault(client_of(ex), []).append(ex)
    if len(clients) > 1:
        lines = [
            f"{client or NAMELESS}: {several(len(of), 'flow')}, flow:{of[0].id[:8]}" for client, of in clients.items()
        ]
        raise CommandError(
            f"the flows are of several clients, and a shape of {name!r} is of one",
            *map(visible, lines),
            f"of one: ccproxy shapes save {name} ID …, or --jq 'map(select(.user_agent | startswith(\"NAME/\")))'",
        )
    return next(iter(clients), None)


def client_of(ex: Exchange) -> str | None:
    """The product that the client's User-Agent names."""
    from ccproxy.shaping.shape import product

    found = product(ex.request.headers)
    return found[0] if found else None


def require_wanted(store: ShapeStore, name: str, client: str | None, *, yes: bool) -> None:
    """Asks where the shape that is there is of another client. Raises CommandError if it is not wanted then."""
    from ccproxy.cli.flows.clear import agreed

    there = in_force(store, name)
    if there is None or there.client == client:
        return
    question = f"{name!r} is a shape of {told(there)} now: make it one of {client or NAMELESS}?"
    agreed(visible(question), yes=yes, refused="nothing was saved")


def in_force(store: ShapeStore, name: str) -> Provenance | None:
    """Where the shape comes from that is there, or the capture if its patches do not fit; None if there is none."""
    from ccproxy.shaping.shape import ShapeError

    try:
        return store.pick(name).provenance
    except ShapeError:
        kept = versions(store, name)
        return kept[-1].provenance if kept else None


def versions(store: ShapeStore, name: str) -> list[Shape]:
    """The captures that are there, the oldest first; none where they cannot be read."""
    from ccproxy.shaping.shape import ShapeError

    try:
        return store.versions(name)
    except ShapeError:
        return []


def told(known: Provenance) -> str:
    """A client, its version, and when it was captured."""
    from datetime import datetime

    client = " ".join(filter(None, [known.client or NAMELESS, known.version]))
    if known.captured is None:
        return client
    return f"{client} of {datetime.fromtimestamp(known.captured).astimezone():%Y-%m-%d %H:%M}"


def hints(exchanges: Sequence[Exchange]) -> Sequence[str]:
    """What to know of flows that were saved."""
    return REVERSE if any(ex.front == "reverse" for ex in exchanges) else ()
