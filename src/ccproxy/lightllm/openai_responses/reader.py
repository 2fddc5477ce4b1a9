"""Reads a stream of the Responses API: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.moments import seconds
from ccproxy.lightllm.openai_responses.errors import read_error
from ccproxy.lightllm.openai_responses.lenient import keeps_alive, read_text
from ccproxy.lightllm.openai_responses.read_events import ITEM_EVENTS
from ccproxy.lightllm.openai_responses.read_items import Items, Wire
from ccproxy.lightllm.openai_responses.stops import BROKEN, UNFINISHED, read_finish
from ccproxy.lightllm.openai_responses.usage import read_usage
from ccproxy.lightllm.sse import DONE

ORIGIN = WireFormat.OPENAI_RESPONSES
type Events = Iterable[ev.Event]


class StreamReader:
    """Reads one stream; a whole response is a stream of one event."""

    def __init__(self) -> None:
        self._items = Items()
        self._started = False
        self._ended = False

    def read(self, name: bytes, data: bytes) -> Events:
        """The events of one frame. Raises Malformed."""
        if self._ended:
            return ()
        if data == DONE:
            return self._by_done()
        try:
            wire = orjson.loads(data)
        except orjson.JSONDecodeError:
            wire = None
        if type(wire) is not dict:
            if keeps_alive(name, data):
                return (ev.Ping(),)
            wire = read_text(data)
        kind = wire.get("type") or name.decode("utf-8", "replace")
        handler = ITEM_EVENTS.get(kind)
        if handler is None:
            return OTHER_EVENTS.get(kind, StreamReader._unknown)(self, wire)
        events = handler(self._items, wire)
        return events if self._started or not events else [*self._start({}), *events]

    def end(self) -> Events:
        """The last events: an error where no event said that the response is whole."""
        if self._ended:
            return ()
        return self._fail(ev.WireError(502, "the provider ended its stream before the response was whole"))

    def response(self, response: Wire) -> Events:
        """A response object at its end: what has not been told of it, and why it ended."""
        status = str(response.get("status") or "")
        if status in BROKEN:
            return self._failed({"response": response})
        if status in UNFINISHED:
            return self._fail(ev.WireError(502, f"the provider answered with an unfinished response: {status}"))
        out = [*self._start(response), *self._retold(response.get("output"))]
        for item in self._items.all:
            if not item.done:
                out += item.finish({})
        return [*out, *self._finish(response, status)]

    def _start(self, response: Wire) -> list[ev.Event]:
        if self._started:
            return []
        self._started = True
        created, tier = response.get("created_at"), response.get("service_tier")
        start = ev.MessageStart(
            str(response.get("id") or ""),
            str(response.get("model") or ""),
            seconds(created),
            tier if isinstance(tier, str) else None,
            ORIGIN,
        )
        return [start]

    def _retold(self, output: object) -> list[ev.Event]:
        out: list[ev.Event] = []
        for place, given in enumerate(output if isinstance(output, list) else []):
            if isinstance(given, dict):
                item = self._items.retold(given, place)
                if not item.done:
                    out += item.finish(given)
        return out

    def _finish(self, response: Wire, status: str) -> list[ev.Event]:
        self._ended = True
        usage, items = read_usage(response.get("usage")), self._items.all
        finish = read_finish(response, status, any(item.calls for item in items), any(item.refuses for item in items))
        return [*([ev.UsageUpdate(usage)] if usage else []), finish, ev.End()]

    def _fail(self, error: ev.WireError) -> list[ev.Event]:
        self._ended = True
        error.origin = ORIGIN
        return [ev.Error(error)]

    def _by_done(self) -> Events:
        # A compatible server without `response.completed`: the answer is whole if all that it began is.
        items = self._items.all
        return self._finish({}, "") if items and all(item.done for item in items) else self.end()

    def _lifecycle(self, wire: Wire) -> Events:
        response = wire.get("response")
        return self._start(response if isinstance(response, dict) else {})

    def _terminal(self, wire: Wire) -> Events:
        given = wire.get("response")
        response = dict(given) if isinstance(given, dict) else {}
        if wire.get("type") == "response.incomplete":
            response["status"] = "incomplete"
        elif not isinstance(said := response.get("status"), str | None) or said in UNFINISHED:
            response["status"] = "completed"
        if response.get("usage") is None:
            response["usage"] = wire.get("usage")
        return self.response(response)

    def _failed(self, wire: Wire) -> Events:
        response = wire.get("response")
        usage = read_usage(response.get("usage")) if isinstance(response, dict) else None
        error = read_error(wire, 0) or ev.WireError(500, "the provider reported that the response failed")
        return [*([ev.UsageUpdate(usage)] if usage else []), *self._fail(error)]

    def _unknown(self, wire: Wire) -> Events:
        if wire.get("object") == "response":
            return self.response(wire)
        return self._failed(wire) if wire.get("error") and "type" not in wire else ()

    def _ping(self, wire: Wire) -> Events:
        return (ev.Ping(),)


OTHER_EVENTS: Mapping[str, Callable[[StreamReader, Wire], Events]] = {
    "response.created": StreamReader._lifecycle,
    "response.queued": StreamReader._lifecycle,
    "response.in_progress": StreamReader._lifecycle,
    "response.completed": StreamReader._terminal,
    "response.incomplete": StreamReader._terminal,
    "response.done": StreamReader._terminal,
    "response.failed": StreamReader._failed,
    "response.cancelled": StreamReader._failed,
    "response.error": StreamReader._failed,
    "error": StreamReader._failed,
    "keepalive": StreamReader._ping,
    "ping": StreamReader._ping,
}
"""Events of the response as a whole."""
