"""An exchange without its bodies: what is kept of it when there is no room for more."""

from __future__ import annotations

from dataclasses import replace

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, RawRecord, WebSocketRecord


def shell_of(ex: Exchange) -> Exchange:
    """A copy in which no body is left; what was there is counted as dropped."""
    provider_response = _response(ex.provider_response)
    response = provider_response if ex.response is ex.provider_response else _response(ex.response)
    return replace(
        ex,
        request=_request(ex.request),
        forwarded=_request(ex.forwarded) if ex.forwarded else None,
        provider_response=provider_response,
        response=response,
        websocket=_websocket(ex.websocket) if ex.websocket else None,
        raw=_raw(ex.raw) if ex.raw else None,
        attempts=[replace(each, body=b"") for each in ex.attempts],
    )


def _request(request: HttpRequest) -> HttpRequest:
    return replace(request, body=b"", dropped=request.size)


def _response(response: HttpResponse | None) -> HttpResponse | None:
    return None if response is None else replace(response, chunks=[], dropped=response.size)


def _websocket(record: WebSocketRecord) -> WebSocketRecord:
    gone = sum(map(len, (*record.from_client, *record.from_server)))
    gone += sum(len(message.content) for message in record.messages)
    return replace(record, from_client=[], from_server=[], messages=[], dropped=record.dropped + gone)


def _raw(record: RawRecord) -> RawRecord:
    gone = sum(len(message.content) for message in record.messages)
    return replace(record, messages=[], dropped=record.dropped + gone)
