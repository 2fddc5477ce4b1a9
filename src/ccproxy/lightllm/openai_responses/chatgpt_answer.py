"""A stream of the ChatGPT backend as the one response that it amounts to.

The backend answers with streams only, and its last event mostly comes with an empty `output`: the items have been told
by then, each in a `response.output_item.done` (github.com/sipeed/picoclaw/issues/2674,
github.com/commontoolsinc/labs/pull/5092).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.errors import read_error
from ccproxy.lightllm.openai_responses.lenient import NAMELESS, keeps_alive, read_object, without_surrogates
from ccproxy.lightllm.openai_responses.stops import UNFINISHED
from ccproxy.lightllm.sse import EventTooLong, Frame, Framer
from ccproxy.lightllm.translate import read_stream_events, write_answer

type Object = dict[str, Any]

RESPONSES = WireFormat.OPENAI_RESPONSES
ADDED, ITEM_DONE = "response.output_item.added", "response.output_item.done"
ENDED = {"response.completed": "completed", "response.incomplete": "incomplete", "response.done": "completed"}
"""The last events of a response, and its status where they do not tell one."""
FAILED = frozenset({"response.failed", "response.cancelled", "response.error", "error"})
TOLD = frozenset(name.encode() for name in (ADDED, ITEM_DONE, *ENDED, *FAILED))
"""Names of the events that matter here."""


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


class Gathering:
    """One response out of a stream, as it comes."""

    def __init__(self) -> None:
        self._framer, self._items = Framer(), Items()
        self._body: list[bytes] = []
        self._failure: Malformed | None = None
        self.result: Object | WireError | None = None
        """The response, or the error in which it ended; None until the stream has told either."""

    def feed(self, chunk: bytes) -> bool:
        """More of the stream; True once all has been told, or something cannot be read: whatever follows is nothing."""
        self._body.append(chunk)
        self._read(lambda: self._framer.feed(chunk))
        return self._failure is not None or self.result is not None

    def end(self) -> Object | WireError:
        """What the stream amounts to that has ended. Raises Malformed where it is cut off, or is none of this API."""
        self._read(self._framer.end)
        if self._failure is not None:
            raise self._failure
        if self.result is None:
            raise Malformed("the provider ended its stream before the response was whole")
        return self.result

    def _read(self, frames: Callable[[], list[Frame]]) -> None:
        if self._failure is not None:
            return
        try:
            for name, data in frames():
                if self.result is None and is_told(name, data):
                    self._note(read_object(data), name)
        except (EventTooLong, Malformed) as error:
            self._failure = Malformed(str(error))

    def _note(self, event: Object, name: bytes) -> None:
        kind = str(event.get("type") or name.decode("utf-8", "replace"))
        if kind in (ADDED, ITEM_DONE):
            self._items.note(kind, event)
        elif kind in FAILED:
            self.result = _failure(without_surrogates(event))
        elif kind in ENDED:
            self.result = _response(event, ENDED[kind], self._items, self._body)


def collected(body: bytes) -> Object | WireError:
    """The response of a whole stream, or the error in which it ended.

    Raises Malformed where it is cut off, or is no stream of this API.
    """
    gathering = Gathering()
    gathering.feed(body)
    return gathering.end()


def is_told(name: bytes, data: bytes) -> bool:
    """True for an event that matters here. What has another name need not even be JSON."""
    return name in TOLD or (name in NAMELESS and not keeps_alive(name, data))


def _failure(event: Object) -> WireError:
    return (
        read_error(event, 0)
        or read_error(event.get("response"), 0)
        or WireError(500, "the provider reported that the response failed")
    )


def _response(event: Object, status: str, items: Items, body: list[bytes]) -> Object:
    given = event.get("response")
    if not isinstance(given, dict):
        raise Malformed("the provider's last event holds no response")
    said, output = given.get("status"), given.get("output")
    response = {**given, "status": said if isinstance(said, str) and said and said not in UNFINISHED else status}
    if not isinstance(output, list) or not output:
        response["output"] = items.output() if items.whole else _retold(b"".join(body))
    return response


def _retold(body: bytes) -> list[Object]:
    """The output put together from every event, where items did not come in one piece."""
    answer = collect(read_stream_events(body, RESPONSES))
    if answer.error is not None:
        raise Malformed(answer.error.message)
    written: Object = orjson.loads(write_answer(answer, RESPONSES, Asked()))
    return list(written["output"])
