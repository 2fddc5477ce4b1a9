"""The stream of the web application."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Error, Event, WireError


class StreamReader:
    """Reads one stream."""

    def __init__(self, citations: str = "markdown", *, whole: bool = False) -> None:
        self._citations, self._whole = citations, whole

    def read(self, name: bytes, data: bytes) -> Iterable[Event]:
        """The events of one frame."""
        return ()

    def end(self) -> Iterable[Event]:
        """The last events, when the body has ended."""
        return (Error(WireError(502, "the provider ended its stream in mid-answer", origin=WireFormat.PERPLEXITY)),)
