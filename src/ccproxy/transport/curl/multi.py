"""libcurl's multi handle: the transfers of one identity and the connections that they share."""

from __future__ import annotations

import asyncio
from typing import Protocol

from curl_cffi import AsyncCurl, Curl, CurlMOpt, ffi

NO_SOCKET, NO_EVENT = -1, 0
"""`CURL_SOCKET_TIMEOUT`: not a socket but the time has something to say."""


class Plain:
    """An option whose number `AsyncCurl.setopt` (0.16) does not know: for those that it knows to be numbers it hands
    libcurl the address of the value instead of the value.
    """

    def __init__(self, option: CurlMOpt) -> None:
        self._option = int(option)

    def __int__(self) -> int:
        return self._option


class Ended(Protocol):
    """What is told of the end of its transfer."""

    def ended(self, error: BaseException | None) -> None: ...


class Multi(AsyncCurl):
    """Runs transfers on the running loop and tells each of its end at once, without the detour of a future."""

    def __init__(self, ca_path: str, connections: int) -> None:
        super().__init__(ca_path, asyncio.get_running_loop())
        self._transfers: dict[Curl, Ended] = {}
        for option in (CurlMOpt.MAXCONNECTS, CurlMOpt.MAX_HOST_CONNECTIONS):
            self.setopt(Plain(option), ffi.cast("void *", connections))  # type: ignore[no-untyped-call]

    def start(self, curl: Curl, transfer: Ended) -> None:
        """Begins a transfer. Raises CurlError."""
        self.add_handle(curl)
        self._transfers[curl] = transfer

    def stop(self, curl: Curl) -> None:
        """Breaks a transfer off: its connection is closed, or over HTTP/2 its stream reset."""
        del self._transfers[curl]
        self.remove_handle(curl)

    def kick(self) -> None:
        """Has libcurl look at what may have become possible."""
        self.process_data(NO_SOCKET, NO_EVENT)

    def set_result(self, curl: Curl) -> None:
        """The binding says that a transfer is through."""
        self._ended(curl, None)

    def set_exception(self, curl: Curl, exception: BaseException) -> None:
        """The binding says that a transfer failed."""
        self._ended(curl, exception)

    def _ended(self, curl: Curl, error: BaseException | None) -> None:
        transfer = self._transfers.pop(curl)
        self.remove_handle(curl)
        transfer.ended(error)
