"""Stored responses of translated routes: what `GET` and `DELETE /v1/responses/{id}` answer.

Source: platform.openai.com/docs/api-reference/responses (get, delete, list input items).
"""

from __future__ import annotations

import re
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.local_routes import json_reply
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.translation.response_store import ResponseStore

PATH = re.compile(r"/(?P<id>[^/]+?)(?P<items>/input_items)?")


def asks_for_stored(inquiry: Inquiry) -> bool:
    """True for a request about one response that was made before."""
    endpoint, method = inquiry.endpoint, inquiry.exchange.request.method
    if endpoint is None or endpoint.format is not WireFormat.OPENAI_RESPONSES:
        return False
    match = PATH.fullmatch(endpoint.rest)
    return match is not None and method in (("GET",) if match["items"] else ("GET", "DELETE"))


def answer_stored(inquiry: Inquiry, store: ResponseStore) -> Reply:
    """Answers such a request. Raises Refused for a response that is not kept."""
    assert inquiry.endpoint is not None
    match = PATH.fullmatch(inquiry.endpoint.rest)
    assert match is not None
    turn = store.turn(match["id"])
    if turn is None:
        raise Refused(404, "response_not_found", f"response {match['id']!r} is not kept here, or no longer")
    if match["items"]:
        return json_reply(listed([*(store.history(turn.previous)), *turn.input]))
    if inquiry.exchange.request.method == "DELETE":
        store.forget(match["id"])
        return json_reply({"id": match["id"], "object": "response", "deleted": True})
    return json_reply(turn.response)


def listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Items as the API lists them, the newest first."""
    data = list(reversed(items))
    ends = [item.get("id") for item in (data[0], data[-1])] if data else [None, None]
    return {"object": "list", "data": data, "first_id": ends[0], "last_id": ends[1], "has_more": False}
