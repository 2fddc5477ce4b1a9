"""A stream of the ChatGPT backend as the one response that it amounts to.

The backend answers with streams only, and its last event mostly comes with an empty `output`: the items have been told
by then, each in a `response.output_item.done` (github.com/sipeed/picoclaw/issues/2674,
github.com/commontoolsinc/labs/pull/5092).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.errors import read_error
from ccproxy.lightllm.openai_responses.stops import UNFINISHED
from ccproxy.lightllm.sse import COMMENT, DONE, EventTooLong, Framer
from ccproxy.lightllm.translate import read_stream_events, write_answer

type Object = dict[str, Any]

RESPONSES = WireFormat.OPENAI_RESPONSES
ADDED, ITEM_DONE = "response.output_item.added", "response.output_item.done"
ENDED = {"response.completed": "completed", "response.incomplete": "incomplete", "response.done": "completed"}
"""The last events of a response, and its status where they do not tell one."""
FAILED = frozenset({"response.failed", "response.cancelled", "response.error", "error"})
TOLD = frozenset(name.encode() for name in (ADDED, ITEM_DONE, *ENDED, *FAILED))
"""Names of the events that matter here; others need not be parsed."""


@dataclass(slots=True)
class Items:
    """The items of a response, by their places."""

    begun: set[int] = field(default_factory=set)
    done: dict[int, Object] = field(default_factory=dict)

    def note(self, kind: str, event: Object) -> None:
        """An item has begun, or is whole."""
        place, item = event.get("output_index"), event.get("item")
        place = place if isinstance(place, int) else len(self.done)
        self.begun.add(place)
        if kind == ITEM_DONE and isinstance(item, dict):
            self.done[place] = item

    @property
    def whole(self) -> bool:
        """True where there are items, and all that began are whole."""
        return bool(self.done) and self.begun <= self.done.keys()

    def output(self) -> list[Object]:
        """The items in their order."""
        return [self.done[place] for place in sorted(self.done)]


def collected(body: bytes) -> Object | WireError:
    """The response of a whole stream, or the error in which it ended.

    Raises Malformed where it is cut off, or is no stream of this API.
    """
    items = Items()
    for event in _events(body):
        kind = str(event.get("type"))
        if kind in (ADDED, ITEM_DONE):
            items.note(kind, event)
        elif kind in FAILED:
            told = read_error(event.get("response") or event, 0)
            return told or WireError(500, "the provider reported that the response failed")
        elif kind in ENDED:
            return _response(event, ENDED[kind], items, body)
    raise Malformed("the provider ended its stream before the response was whole")


def _events(body: bytes) -> Iterator[Object]:
    framer = Framer()
    try:
        frames = [*framer.feed(body), *framer.end()]
    except EventTooLong as error:
        raise Malformed(str(error)) from error
    for name, data in frames:
        if name == COMMENT[0] or data == DONE or (name.startswith(b"response.") and name not in TOLD):
            continue
        yield _parsed(name, data)


def _parsed(name: bytes, data: bytes) -> Object:
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the provider sent an event that is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise Malformed("the provider sent an event that is not an object")
    return event if event.get("type") else {**event, "type": name.decode("utf-8", "replace")}


def _response(event: Object, status: str, items: Items, body: bytes) -> Object:
    given = event.get("response")
    if not isinstance(given, dict):
        raise Malformed("the provider's last event holds no response")
    response = {**given, "status": given.get("status") or status}
    if response["status"] in UNFINISHED:
        response["status"] = status
    if not response.get("output"):
        response["output"] = items.output() if items.whole else _retold(body)
    return response


def _retold(body: bytes) -> list[Object]:
    """The output put together from every event, where items did not come in one piece."""
    answer = collect(read_stream_events(body, RESPONSES))
    if answer.error is not None:
        raise Malformed(answer.error.message)
    written: Object = orjson.loads(write_answer(answer, RESPONSES, Asked()))
    return list(written["output"])
