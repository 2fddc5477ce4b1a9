"""The part of a selection that the archive's columns can decide. `Selection.matches` decides about all of it after."""

from __future__ import annotations

import re

from ccproxy.flows.selection import Selection

ROUNDING = 0.001
"""Seconds by which a summary's time may differ from the column's."""
HIGHEST = "\U0010ffff"
EXACT = {
    "provider": "lower(provider) = lower(?)",
    "jail": "lower(jail) = lower(?)",
    "opening": "conversation = ?",
}
BEGINNING = {"session": "session >= ? AND session < ?"}
OF_CONVERSATION = " OR ".join(
    [*(f"({name} >= ? AND {name} < ?)" for name in ("session", "conversation", "id")), "instr(summary, ?)"]
)
"""The root has no column; the summary's text has it."""
PLAIN = re.compile(r"[0-9A-Za-z_-]+")
"""An id that is the same in JSON."""


def conditions(selection: Selection) -> tuple[str, list[object]]:
    """A WHERE clause, or nothing, and its values: it keeps at least all flows that match."""
    clauses: list[str] = []
    values: list[object] = []
    if selection.since is not None:
        clauses.append("started >= ?")
        values.append(selection.since - ROUNDING)
    for name, clause in (EXACT | BEGINNING).items():
        wanted = getattr(selection, name)
        if wanted and wanted.isascii() and not any(sign in wanted for sign in "*?["):
            clauses.append(clause)
            values += [wanted, wanted + HIGHEST] if name in BEGINNING else [wanted]
    if selection.conversation and PLAIN.fullmatch(selection.conversation):
        clauses.append(f"({OF_CONVERSATION})")
        values += [selection.conversation, selection.conversation + HIGHEST] * 3
        values.append(f'"root":"{selection.conversation}')
    return f"WHERE {' AND '.join(clauses)}" if clauses else "", values
