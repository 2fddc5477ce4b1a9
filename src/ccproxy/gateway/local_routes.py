"""What ccproxy answers by itself: its health, its model list, and what the daemon adds (MCP)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.reply import Reply

type Answer = Callable[[Inquiry], Reply]
"""Answers a request at once, without waiting for anything."""


class LocalRoutes:
    """Exact paths of the reverse listener, each with the methods it knows."""

    def __init__(self, routes: Mapping[str, Mapping[str, Answer]]) -> None:
        self._routes = routes

    def find(self, inquiry: Inquiry) -> Answer | None:
        """Who answers this request, None if it is not ours.

        Raises:
            Refused: 405 for a path of ours with a method that it does not have (RFC 9110 §15.5.6).
        """
        if inquiry.exchange.front != "reverse":
            return None
        methods = self._routes.get(inquiry.path)
        if methods is None:
            return None
        method = inquiry.exchange.request.method
        answer = methods.get("GET" if method == "HEAD" else method)
        if answer is None:
            allowed = ", ".join(methods)
            message = f"{inquiry.path} is answered by ccproxy itself and knows {allowed} only, not {method}"
            raise Refused(405, "method_not_allowed", message, [(b"Allow", allowed.encode("ascii"))])
        return answer


def health(inquiry: Inquiry) -> Reply:
    """GET / and /health."""
    return Reply(200, [(b"Content-Type", b"text/plain; charset=utf-8")], b"ccproxy is running\n")


def json_reply(document: object, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, [(b"Content-Type", b"application/json")], orjson.dumps(document))
