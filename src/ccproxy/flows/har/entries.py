"""An exchange as the two entries that a HAR has of it: what passed between us and the provider, and between the client
and us. http://www.softwareishard.com/blog/har-12-spec/#entries
"""

from __future__ import annotations

import base64
from ipaddress import ip_address
from typing import Any

from ccproxy.exchange import Exchange, HttpResponse, Message, Origin
from ccproxy.flows.har.messages import no_response, request, response
from ccproxy.flows.har.parts import url
from ccproxy.flows.har.timings import client_times, provider_times
from ccproxy.flows.mflow.flow_facts import comment
from ccproxy.flows.moments import iso
from ccproxy.flows.spoken_frames import spoken
from ccproxy.flows.summary import forwarded, origin_of

type Entry = dict[str, Any]


def entries(ex: Exchange) -> tuple[Entry, Entry]:
    """The provider's entry and the client's. Of what was not forwarded the former has the request with no answer."""
    return _provider_entry(ex), _client_entry(ex)


def _provider_entry(ex: Exchange) -> Entry:
    origin = origin_of(ex)
    entry = {
        "pageref": ex.id,
        "startedDateTime": moment(provider_times(ex).began),
        "time": provider_times(ex).total,
        "request": request(forwarded(ex), _url(ex, origin, forwarded(ex).target)),
        "response": _answer(ex, ex.provider_response, _why_no_provider(ex)),
        "cache": {},
        "timings": provider_times(ex).told(),
        **_address(origin),
        "comment": f"forwarded request, provider response: {comment(ex)}".removesuffix(": "),
    }
    return entry | _kind(ex)


def _client_entry(ex: Exchange) -> Entry:
    entry = {
        "pageref": ex.id,
        "startedDateTime": moment(ex.timings.started),
        "time": client_times(ex).total,
        "request": request(ex.request, _url(ex, asked_origin(ex), ex.request.target)),
        "response": _answer(ex, ex.response, _failed(ex) or ("no answer" if ex.done else "no answer yet")),
        "cache": {},
        "timings": client_times(ex).told(),
        "comment": "client request, client response",
    }
    if ex.client:
        entry["connection"] = str(ex.client[1])
    return entry | _kind(ex)


def moment(seconds: float) -> str:
    """ISO 8601 with microseconds and zone."""
    return iso(seconds, "microseconds")


def asked_origin(ex: Exchange) -> Origin:
    """Where the client meant the request to go: in a jail the host itself, else the listener."""
    return origin_of(Exchange(ex.request, id=ex.id, destination=ex.destination))


def _url(ex: Exchange, origin: Origin, target: bytes) -> str:
    """Chromium gives WebSockets a scheme of their own: ws, wss."""
    text = url(origin, target)
    return f"ws{text[4:]}" if ex.websocket is not None and text.startswith("http") else text


def _answer(ex: Exchange, answer: HttpResponse | None, why: str) -> dict[str, Any]:
    if answer is None:
        return no_response(why)
    told = response(answer, done=ex.done)
    failed = _failed(ex) if not answer.complete else ""
    return told | ({"_error": failed} if failed else {})


def _why_no_provider(ex: Exchange) -> str:
    if failed := _failed(ex):
        return failed
    if ex.forwarded is not None:
        return "no answer" if ex.done else "no answer yet"
    if ex.route is not None and ex.route.action == "local":
        return "not forwarded: answered here"
    return "not forwarded" if ex.done else "not forwarded yet"


def _failed(ex: Exchange) -> str:
    return f"{ex.failure.kind}: {ex.failure.message}" if ex.failure else ""


def _address(origin: Origin) -> dict[str, str]:
    """The server's address, where it is known: a request that went to an address instead of a name."""
    try:
        return {"serverIPAddress": str(ip_address(origin.host))}
    except ValueError:
        return {}


def _kind(ex: Exchange) -> dict[str, Any]:
    """Chromium's own members, by which its network panel finds WebSockets."""
    if ex.websocket is None:
        return {"_resourceType": "fetch"}
    return {"_resourceType": "websocket", "_webSocketMessages": [_message(said) for said in spoken(ex)]}


def _message(said: Message) -> dict[str, Any]:
    data = said.content.decode("utf-8", "replace") if said.is_text else base64.b64encode(said.content).decode("ascii")
    way = "send" if said.from_client else "receive"
    return {"type": way, "time": said.time, "opcode": 1 if said.is_text else 2, "data": data}
