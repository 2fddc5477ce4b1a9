"""Calls of the web application's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.providers.code_assist_setup import Call
    from ccproxy.providers.provider import Provider


class Site:
    """The web application, as its own pages see it."""

    def __init__(self, provider: Provider, call: Call | None = None) -> None:
        self._provider, self._call = provider, call
