"""The flows that a running daemon has in its memory, over its control socket."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ccproxy.flows.reader import FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection, newest

if TYPE_CHECKING:
    from ccproxy.cli.control import Control
    from ccproxy.exchange import Exchange

RECORD_SECONDS = 20.0
"""A record may have many megabytes."""


class LiveReader:
    """Reads what a daemon keeps. Every method raises CommandError: no daemon, no answer, or a refusal."""

    def __init__(self, control: Control, *, unarchived: bool = True) -> None:
        self.control = control
        self.unarchived = unarchived
        """Ask only for what the archive does not have yet."""

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """The flows that were selected, the oldest first."""
        return newest([flow for flow in self.told() if selection.matches(flow)], selection.limit)

    def told(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The flows, or those of the last `limit` that began; with their cost, as the archive's have it."""
        asked = {"unarchived": 1 if self.unarchived else None, "limit": limit}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return [priced(flow) for flow in self.control.get("/flows" + (f"?{query}" if query else ""))]

    def find(self, beginning: str, most: int = 6) -> Sequence[str]:
        """The ids that begin so, the oldest first; at most `most`."""
        ids = [str(flow["id"]) for flow in self.summaries(Selection())]
        return [id for id in ids if id.startswith(beginning)][:most]

    def exchange(self, id: str) -> Exchange:
        """All of one flow, as it is at this moment. Raises FlowMissing and FlowDamaged."""
        from ccproxy.cli.control import TIMEOUT_SECONDS, refusal
        from ccproxy.flows.record.frame import unpack
        from ccproxy.flows.record.record import RecordError, from_record

        target = f"/flows/{quote(id, safe='')}/record"
        status, body = self.control.exchange("GET", target, None, max(TIMEOUT_SECONDS, RECORD_SECONDS))
        if status == 404:
            raise FlowMissing(id)
        if status != 200:
            raise refusal(status, body)
        try:
            return from_record(unpack(body))
        except (RecordError, ValueError) as error:
            raise FlowDamaged(f"the daemon's record of {id} cannot be read: {error}") from error

    def delete(self, ids: Collection[str]) -> int:
        """Forgets these, as far as they are finished; returns how many there were."""
        return int(self.control.post("/flows/delete", {"ids": list(ids)}, RECORD_SECONDS)["deleted"])

    def clear(self) -> int:
        """Forgets all that is finished; returns how many there were."""
        return int(self.control.delete("/flows")["cleared"])


def priced(flow: dict[str, Any]) -> dict[str, Any]:
    """The summary with what the flow cost."""
    if flow["usage"] and "cost" not in flow:
        from ccproxy.flows.usage.cost import cost_of

        flow["cost"] = cost_of(flow)
    return flow
