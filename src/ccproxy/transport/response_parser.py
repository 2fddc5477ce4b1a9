"""Responses out of a connection's bytes: HTTP/1.1 (RFC 9112) by llhttp in its strict mode."""

from __future__ import annotations

from collections.abc import Callable

import httptools

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.response_rules import (
    CODINGS,
    NOT_IN_TRAILERS,
    runs_until_close,
    status_line_fault,
    transfer_coding,
)
from ccproxy.transport.response_stream import ResponseStream

FIELDS_LIMIT = 256 * 1024
"""Bytes that may come before a head is whole, interim answers included, or without any of the body in them: trailers,
or what a server puts between chunks."""


class ResponseParser:
    """Fills the stream it was told to expect, one after another.

    Args:
        origin: who answers, for error messages.
        on_complete: called when an answer is whole, with whether the connection may serve another.
        on_surplus: called when an answer begins that nobody expects.
    """

    def __init__(self, origin: Origin, on_complete: Callable[[bool], None], on_surplus: Callable[[], None]) -> None:
        self.stream: ResponseStream | None = None
        self._origin, self._on_complete, self._on_surplus = origin, on_complete, on_surplus
        self._parser = httptools.HttpResponseParser(self)
        self._is_head = self._until_close = self._upgraded = False
        self._fields_size = 0

    def expect(self, stream: ResponseStream, is_head: bool) -> None:
        """The next answer goes to `stream`; that to a HEAD request has no body, whatever its fields say."""
        self.stream, self._is_head = stream, is_head
        self._until_close, self._fields_size = False, 0

    def feed(self, data: bytes) -> None:
        """Takes bytes of the answer that is expected. Raises TransportError for what is not HTTP/1.1, or no answer."""
        stream = self.stream
        assert stream is not None
        stream.started = True
        if self._upgraded:
            stream.feed(data)
            return
        self._fields_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded = True
            stream.head_arrived(stream.status, self._parser.get_http_version())
            if rest := data[upgrade.args[0] :]:
                stream.feed(rest)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            raise self._not_http(str(error)) from error
        if self._fields_size > FIELDS_LIMIT and self.stream is stream:
            raise self._not_http(f"its {'trailers do' if stream.status else 'head does'} not end")
        if stream.status == 101 and not self._upgraded:
            raise self._not_http("it switched protocols without saying to which")

    def fail(self, error: TransportError) -> None:
        """The answer that is expected will not come, or not to its end."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.fail(error)

    def closed(self, cause: Exception | None, *, in_order: bool) -> None:
        """The connection has ended: the end of an answer without framing, the failure of any other.

        Args:
            cause: what the loop says of it; None if nothing.
            in_order: True if the other side said that it was its end. Who is in between cannot say so for it with TLS
                (RFC 9112 §9.8).
        """
        stream = self.stream
        if stream is not None and ((self._until_close and in_order) or (self._upgraded and cause is None)):
            self.stream = None
            stream.finish()
            return
        where = "in the middle of its answer" if stream and stream.status else "without an answer"
        why = f": {cause}" if cause else ""
        untouched = stream is not None and not stream.started
        error = TransportError(
            "reset",
            f"{self._origin} closed the connection {where}{why}",
            untouched=untouched,
            stale=untouched and stream is not None and stream.reused,
        )
        self.fail(error)

    # -- llhttp's side

    def on_message_begin(self) -> None:
        if self.stream is None:
            self._on_surplus()
            return
        self.stream.headers = []
        self.stream.reason = b""

    def on_status(self, status: bytes) -> None:
        if self.stream is not None:
            self.stream.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        stream = self.stream
        if stream is None:
            return
        if not stream.status:
            stream.headers.append((name, value))
        elif name.lower() not in NOT_IN_TRAILERS:
            stream.trailers.append((name, value))

    def on_headers_complete(self) -> None:
        stream, status = self.stream, self._parser.get_status_code()
        if stream is None:
            return
        version = self._parser.get_http_version()
        self._check_status_line(stream, status, version)
        if status == 101:
            stream.status = status  # told to the reader once llhttp has handed the connection over
        elif status < 200:
            if status != 100 and stream.on_interim is not None:
                stream.on_interim(status, stream.reason, stream.headers)
        else:
            self._begin_body(stream, status, version)

    def on_body(self, body: bytes) -> None:
        self._fields_size = 0
        if self.stream is not None:
            self.stream.feed(body)

    def on_message_complete(self) -> None:
        if self.stream is not None and self.stream.status not in (0, 101):
            self._complete()

    def _check_status_line(self, stream: ResponseStream, status: int, version: str) -> None:
        fault = status_line_fault(status, version, stream.reason)
        if fault is not None:
            raise self._not_http(fault)
        if status == 408 and stream.reused and not self._parser.should_keep_alive():
            # Sent when the connection had been idle for too long, before our request came (RFC 9110 §15.5.9).
            message = f"{self._origin} gave an idle connection up (408)"
            raise TransportError("reset", message, untouched=True, stale=True)

    def _begin_body(self, stream: ResponseStream, status: int, version: str) -> None:
        self._fields_size = 0
        coding = transfer_coding(stream.headers)
        if coding not in CODINGS:
            raise self._not_http("its body has a transfer coding that nobody asked for")
        self._until_close = not self._is_head and runs_until_close(status, stream.headers, coding)
        stream.head_arrived(status, version)
        if self._is_head:
            self._complete()  # llhttp would wait for the body that the headers describe

    def _complete(self) -> None:
        stream, self.stream = self.stream, None
        assert stream is not None
        reusable = self._parser.should_keep_alive() and not self._is_head and not self._until_close
        stream.finish()
        self._on_complete(reusable)

    def _not_http(self, what: str) -> TransportError:
        return TransportError("protocol", f"{self._origin} sent something that is not HTTP/1.1: {what}")
