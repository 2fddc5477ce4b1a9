"""What ccproxy answers by itself: its health, its model list, and what the daemon adds (MCP)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import orjson

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.reply import Reply

type Answer = Callable[[Inquiry], Reply | Awaitable[Reply]]
"""Answers a request: at once where nothing has to be waited for. May raise Refused."""


class Finder(Protocol):
    """Other paths than exact ones."""

    def find(self, inquiry: Inquiry) -> Answer | None:
        """Who answers this request of the reverse listener, None if it is not ours. Raises Refused."""


class LocalRoutes:
    """Exact paths of the reverse listener, each with the methods it knows, and then others."""

    def __init__(self, routes: Mapping[str, Mapping[str, Answer]], *others: Finder) -> None:
        self._routes, self._others = routes, others

    def find(self, inquiry: Inquiry) -> Answer | None:
        """Who answers this request, None if it is not ours.

        Raises:
            Refused: 405 for a path of ours with a method that it does not have (RFC 9110 §15.5.6).
        """
        if inquiry.exchange.front != "reverse":
            return None
        methods = self._routes.get(inquiry.path)
        if methods is None:
            return next((answer for other in self._others if (answer := other.find(inquiry)) is not None), None)
        return methods[only(methods, inquiry)]


def only(methods: Iterable[str], inquiry: Inquiry) -> str:
    """The method of a request, GET for HEAD.

    Raises:
        Refused: 405 for one that is not among `methods` (RFC 9110 §15.5.6).
    """
    asked = inquiry.exchange.request.method
    method = "GET" if asked == "HEAD" else asked
    if method not in (known := list(methods)):
        allowed = ", ".join(known)
        message = f"{inquiry.path} is answered by ccproxy itself and knows {allowed} only, not {asked}"
        raise Refused(405, "method_not_allowed", message, [(b"Allow", allowed.encode("ascii"))])
    return method


def health(inquiry: Inquiry) -> Reply:
    """GET / and /health."""
    return Reply(200, [(b"Content-Type", b"text/plain; charset=utf-8")], b"ccproxy is running\n")


def json_reply(document: object, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, [(b"Content-Type", b"application/json")], orjson.dumps(document))
