"""From the record of a flow to what the archive keeps of it: without credentials, told in a summary.

A flow that any of this stumbles over is kept nevertheless, as far as it can be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ccproxy.exchange import Exchange, Failure, HttpRequest
from ccproxy.flows.archive.feeding.shell import shell_of
from ccproxy.flows.archive.store import Entry
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.moments import LAST
from ccproxy.flows.record.record import Record, RecordError, from_record, to_record
from ccproxy.flows.secrets.secrets import take_out
from ccproxy.flows.summary import summarize
from ccproxy.flows.usage.cost import cost_of

type Lock = Callable[[str, bytes], bytes | None]
"""Encrypts the credentials of a flow, whose id is given."""
type Complain = Callable[[str], None]

BARE = "unreadable"
"""The kind of failure of a flow of which nothing is known."""
TIMES = ("started", "received", "sent", "headers", "first_byte", "finished")
QUOTED, QUOTING = ("title", "refusal"), ("stream_error",)
"""Members of a summary that quote a body; kinds of errors whose message does."""
TEXTS = ("session", "conversation", "jail")


class Rows:
    """Makes entries, of flows in the order in which they ended.

    Args:
        lineage: finds what they continue.
        bodies: whether they are kept; without them, no words of theirs are either.
        lock: encrypts credentials; None if they are not kept.
        complain: told of what went wrong with one flow.
    """

    def __init__(self, lineage: Lineage, lock: Lock | None, complain: Complain, *, bodies: bool) -> None:
        self._lineage, self._lock, self._complain, self._bodies = lineage, lock, complain, bodies

    def entry(self, record: Record) -> Entry:
        """What is kept of a flow."""
        try:
            clean, secrets = take_out(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, what cannot be cleaned must not be kept
            self._complain(f"flow {record.id} is archived without headers and bodies: {error!r}")
            return bare_entry(record, error)
        locked = self._lock(record.id, secrets.to_bytes()) if self._lock and secrets else None
        return Entry(clean, self._summary(clean), self._bodies, locked)

    def _summary(self, record: Record) -> dict[str, Any]:
        try:
            ex = from_record(record)
        except RecordError as error:
            self._complain(f"flow {record.id} is archived as it is, but cannot be read: {error}")
            return bare_entry(record, error).summary
        summary = self._told(ex) or bare_entry(record, RecordError("its parts do not fit together")).summary
        summary["cost"] = cost_of(summary)
        summary |= self._place(ex, summary)
        return summary if self._bodies else wordless(summary)

    def _told(self, ex: Exchange) -> dict[str, Any] | None:
        """What can be told of it, with its bodies or at least without; None if nothing."""
        for tell in (summarize, lambda ex: summarize(shell_of(ex))):
            try:
                return tell(ex)
            except Exception as error:  # noqa: BLE001 - the same: a body that nobody foresaw
                self._complain(f"flow {ex.id} is archived, but it cannot be told what it holds: {error!r}")
        return None

    def _place(self, ex: Exchange, summary: dict[str, Any]) -> dict[str, Any]:
        try:
            place = self._lineage.place(ex, summary)
        except Exception as error:  # noqa: BLE001 - the same
            self._complain(f"flow {ex.id} is archived, but not what it continues: {error!r}")
            return {}
        if place is None:
            return {}
        return place.members()


def wordless(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary without what it quotes of bodies: what the user said first, why a provider refused."""
    silent: dict[str, Any] = {name: None for name in QUOTED if name in summary}
    error = summary.get("error")
    if isinstance(error, dict) and error.get("kind") in QUOTING:
        silent["error"] = {**error, "message": ""}
    return {**summary, **silent}


def bare_entry(record: Record, error: Exception) -> Entry:
    """What is kept of a flow of which nothing can be kept but that it was."""
    bare = barest(record, error)
    return Entry(bare, summarize(from_record(bare)), keep_bodies=False)


def is_bare(record: Record) -> bool:
    """Whether it is one that `bare_entry` made."""
    failure = record.facts.get("failure")
    return isinstance(failure, dict) and failure.get("kind") == BARE


def barest(record: Record, error: Exception) -> Record:
    """The record of a flow that cannot be read: when it was, and whence it came."""
    facts = record.facts
    ex = Exchange(HttpRequest("", b"", []), id=record.id, failure=Failure(BARE, repr(error)[:500]))
    times = facts.get("timings")
    known = {
        name: float(at)
        for name, at in (times.items() if isinstance(times, dict) else ())
        if name in TIMES and isinstance(at, int | float) and 0 <= at <= LAST
    }
    ex.timings = replace(ex.timings, **known)
    for name in TEXTS:
        if isinstance(facts.get(name), str):
            setattr(ex, name, facts[name])
    return to_record(ex)
