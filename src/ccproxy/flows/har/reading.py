"""HAR files as exchanges: those that ccproxy wrote come back as they were, of any other each entry is one exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ccproxy.exchange import Exchange, WireFormat
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.facts import CLIENT, MEMBER, PROVIDER, exchange_of
from ccproxy.flows.har.foreign import foreign
from ccproxy.flows.har.lines import flows, is_in_lines
from ccproxy.flows.json_bytes import parsed

type FormatOf = Callable[[str], WireFormat | None]
"""The wire format of a path, for entries that do not tell it."""


def read(path: Path, format_of: FormatOf) -> Iterator[Exchange]:
    """The exchanges of a file, in its order. Raises OSError, and FlowFileError that names the entry and the member.

    Of a file of ours that is cut off, what comes before is given first.
    """
    if is_in_lines(path):
        for first, entries in flows(path):
            yield from _exchanges(entries, "ccproxy", format_of, first)
        return
    try:
        har = parsed(path.read_bytes())
    except ValueError as error:
        raise FlowFileError(f"it is no JSON: {error}") from error
    yield from exchanges(har, format_of)


def exchanges(har: Any, format_of: FormatOf) -> Iterator[Exchange]:
    """The exchanges of a HAR that was parsed. Raises FlowFileError."""
    log = har.get("log") if isinstance(har, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(log, dict) or not isinstance(entries, list):
        raise FlowFileError("it is no HAR: log.entries, an array, is not there")
    creator = log.get("creator")
    name = str(creator.get("name")) if isinstance(creator, dict) else "somebody"
    yield from _exchanges(entries, name, format_of)


def _exchanges(entries: list[Any], name: str, format_of: FormatOf, first: int = 0) -> Iterator[Exchange]:
    sides = _sides(entries)
    for at, entry in enumerate(entries, first):
        try:
            flow = _flow(entry)
            if flow is None or PROVIDER not in sides[flow]:
                yield foreign(entry, name, format_of)
            elif sides[flow][PROVIDER] is entry:
                yield exchange_of(sides[flow])
        except FlowFileError as error:
            raise FlowFileError(f"log.entries[{at}]: {error}") from error


def _sides(entries: list[Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The entries that ccproxy wrote, by flow and side."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in entries:
        if (flow := _flow(entry)) is not None:
            found.setdefault(flow, {}).setdefault(entry[MEMBER]["side"], entry)
    return found


def _flow(entry: Any) -> str | None:
    """The flow that an entry is of, if ccproxy wrote it."""
    facts = entry.get(MEMBER) if isinstance(entry, dict) else None
    if isinstance(facts, dict) and facts.get("side") in (PROVIDER, CLIENT) and isinstance(facts.get("flow"), str):
        return str(facts["flow"])
    return None
