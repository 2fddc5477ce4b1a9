"""One request on its way by libcurl: fills the response's stream, and stops where its reader is slow."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from curl_cffi import Curl, CurlError, CurlInfo

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.curl.failures import Seen, failure
from ccproxy.transport.curl.head import HeadReader
from ccproxy.transport.native_pool import overdue
from ccproxy.transport.request_head import render_head
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Upstream

PAUSE, REFUSE = 0x10000001, 0xFFFFFFFF
"""`CURL_WRITEFUNC_PAUSE` and `CURL_WRITEFUNC_ERROR`, answers to a callback of libcurl's."""
GO_ON = 0
"""`CURLPAUSE_CONT`."""

PATIENCE = 1.0
"""Seconds; making a connection seldom takes longer."""


class Home(Protocol):
    """Where a transfer runs."""

    def stop(self, transfer: Transfer) -> None: ...

    def done(self, transfer: Transfer) -> None: ...

    def kick(self) -> None: ...


class Transfer:
    """Implements `response_stream.Source` for a reader, `multi.Ended` for libcurl."""

    __slots__ = (
        "_begun", "_head", "_home", "_loop", "_refusal", "_request", "_sent",
        "curl", "last_activity", "patient", "paused", "running", "stream", "upstream",
    )  # fmt: skip

    def __init__(
        self, home: Home, curl: Curl, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None
    ) -> None:
        self.curl, self.upstream, self._request = curl, upstream, request
        self.stream = ResponseStream(self, upstream.timeouts, reused=False)
        self.paused, self.running, self.patient = False, True, True
        self._home, self._loop = home, asyncio.get_running_loop()
        self._head = HeadReader(outside(on_interim) if on_interim is not None else None)
        self._refusal: TransportError | None = None
        self._sent: object = 0
        self._begun = self.last_activity = self._loop.time()

    # -- libcurl's side: neither of the two callbacks may call libcurl back

    def header(self, line: bytes) -> int:
        """Takes a line of the head, or a trailer."""
        self.last_activity = self._loop.time()
        self.stream.started = True
        try:
            if self._head.feed(line):
                self._begin()
        except TransportError as error:
            origin = self.upstream.origin
            words = f"{origin} sent something that is not HTTP: {error}"
            self._refusal = error if error.stale else TransportError(error.kind, words)
            return REFUSE
        return len(line)

    def body(self, chunk: bytes) -> int:
        """Takes a piece of the body, unless the reader is behind: then it comes again."""
        if self.paused:
            return PAUSE
        self.last_activity = self._loop.time()
        if chunk:
            self.stream.feed(chunk)
        return len(chunk)

    def ended(self, error: BaseException | None) -> None:
        """The answer is whole, or broke off."""
        self.running = False
        stream = self.stream
        if error is None and self._head.status:
            stream.trailers = self._head.trailers
            stream.finish()
        else:
            stream.fail(self._refusal or failure(self.upstream, error, self._seen()))
        self._home.done(self)

    def _begin(self) -> None:
        head, stream = self._head, self.stream
        stream.headers, stream.reason = head.headers, head.reason
        stream.reused = self._warm()
        if stream.reused and head.gives_up:
            raise TransportError("reset", f"{self.upstream.origin} gave an idle connection up (408)", stale=True)
        stream.head_arrived(head.status, head.http_version)

    def _warm(self) -> bool:
        return self.curl.getinfo(CurlInfo.NUM_CONNECTS) == 0

    def _seen(self) -> Seen:
        status, started = self._head.status, self.stream.started
        code, errno = self.curl.getinfo(CurlInfo.HTTP_CONNECTCODE), self.curl.getinfo(CurlInfo.OS_ERRNO)
        assert isinstance(code, int)
        assert isinstance(errno, int)
        return Seen(status, started, self._warm(), code, errno, self._repeated())

    def _repeated(self) -> bool:
        """libcurl counts all bytes that it sent, and of bodies the last one's; some may have been for a proxy."""
        sent, body = self.curl.getinfo(CurlInfo.REQUEST_SIZE), self.curl.getinfo(CurlInfo.SIZE_UPLOAD_T)
        assert isinstance(sent, int)
        assert isinstance(body, int)
        return self.upstream.proxy is None and sent - body > len(render_head(self._request))

    # -- the stream's side

    def pause_reading(self) -> None:
        """Takes no more of the body until `resume_reading`."""
        self.paused = True

    def resume_reading(self) -> None:
        """Takes more of it, from the loop's next turn on."""
        if self.running:
            self._loop.call_soon(self._resume)

    def write(self, data: bytes) -> None:
        """There are no upgraded connections here."""

    def abort(self) -> None:
        """Breaks the request off at once."""
        if self.running:
            self.running = False
            self._home.stop(self)

    def _resume(self) -> None:
        if self.running and self.paused:
            self.paused = False
            self.last_activity = self._loop.time()  # until now the silence was ours
            try:
                self.curl.pause(GO_ON)
            except CurlError as error:  # what libcurl held back cannot be read
                self.expire(self._refusal or failure(self.upstream, error, self._seen()))
                return
            self._home.kick()

    # -- the sweep's side

    def overdue(self, now: float) -> TransportError | None:
        """The error for a provider that has been silent, or without a place for this request, for too long."""
        upstream = self.upstream
        if not self._connected():
            limits = upstream.timeouts
            self.last_activity = now  # connecting has its own limit, which libcurl keeps
            late = now - self._begun > limits.connect + limits.first_byte
            return TransportError("overloaded", f"all connections to {upstream.origin} are busy") if late else None
        return overdue(self.stream, now - self.last_activity, upstream.origin)

    def _connected(self) -> bool:
        """A request that is still going out counts as movement."""
        if self.stream.started:
            return True
        sent = self.curl.getinfo(CurlInfo.SIZE_UPLOAD_T)
        if sent != self._sent:
            self._sent, self.last_activity = sent, self._loop.time()
        return self.curl.getinfo(CurlInfo.PRETRANSFER_TIME_T) != 0

    def stuck(self, now: float) -> bool:
        """True if it has no connection yet, for so long that it may have been forgotten; never a second time."""
        return self.patient and now - self._begun > PATIENCE and not self._connected()

    def nudge(self) -> None:
        """Has libcurl read, whatever the loop says of the socket: what a server says too early comes with the end of
        the TLS handshake, and waits unread behind it."""
        if not self.stream.started and self._connected():
            with contextlib.suppress(CurlError):  # which comes as the end of the transfer too
                self.curl.pause(GO_ON)

    def expire(self, error: TransportError) -> None:
        """Fails the request."""
        self.stream.fail(error)
        self.abort()


def outside(on_interim: OnInterim) -> OnInterim:
    """The same, called once libcurl's callback is over. It knows no transfer, so that none lives on in a circle."""
    loop = asyncio.get_running_loop()

    def later(status: int, reason: bytes, headers: Headers) -> None:
        loop.call_soon(on_interim, status, reason, headers)

    return later
