"""What a flow file holds beside mitmproxy's own flow, so that the exchange can be had back from it as it was.

`ccproxy.record` is the exchange's record (`ccproxy.flows.record`) as JSON, `ccproxy.bodies` says of each of its bodies
where it is: a name for a place in the flow, or the bytes themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow

from ccproxy.exchange import Exchange
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.json_bytes import dumped, parsed
from ccproxy.flows.record.record import SAME, Record, RecordError, from_record, to_record

RECORD, BODIES = "ccproxy.record", "ccproxy.bodies"

type Place = Callable[[HTTPFlow], bytes | None]


def _metadata(name: str) -> Place:
    return lambda flow: flow.metadata[name]["body"]


PLACES: Mapping[str, Place] = {
    "request": lambda flow: flow.request.raw_content,
    "response": lambda flow: flow.response.raw_content if flow.response else None,
    "client_request": _metadata("ccproxy.client_request"),
    "client_response": _metadata("ccproxy.client_response"),
}


def add_record(flow: Flow, ex: Exchange) -> None:
    """Puts what the flow does not say of its exchange into the flow's metadata."""
    record = to_record(ex)
    places = dict(_places(record.facts)) if isinstance(flow, HTTPFlow) else {}
    bodies = [places.get(at, body) for at, body in enumerate(record.bodies)]
    flow.metadata = {**flow.metadata, RECORD: dumped(record.facts), BODIES: bodies}


def _places(facts: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """By a body's index where the flow has it: its request is the forwarded one, its response the provider's."""
    answered = facts["provider_response"] or facts["response"]
    for told, place in (
        (facts["response"], "client_response"),
        (facts["request"], "client_request"),
        (facts["forwarded"] or facts["request"], "request"),
        (answered, "response"),
    ):
        if told and told != SAME and told["body"] is not None:
            yield told["body"], place


def recorded(flow: Flow) -> Exchange | None:
    """The exchange that was written as this flow; None if ccproxy did not write it. Raises FlowFileError."""
    facts, bodies = flow.metadata.get(RECORD), flow.metadata.get(BODIES) or []
    if facts is None:
        return None
    try:
        return from_record(Record(parsed(facts), tuple(_body(flow, place) for place in bodies)))
    except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FlowFileError(f"the flow {flow.id} has metadata that cannot be read: {error}") from error


def _body(flow: Flow, place: Any) -> bytes:
    found = PLACES[place](flow) if isinstance(place, str) and isinstance(flow, HTTPFlow) else place
    if not isinstance(found, bytes):
        raise FlowFileError(f"{BODIES} has {place!r}, which is not there")
    return found
