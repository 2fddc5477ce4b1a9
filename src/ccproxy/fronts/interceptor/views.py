"""Content views of the inspector: the four messages of an exchange, as they were at each step.

They read the flow's metadata (`ccproxy.flows.mflow.metadata`), so they work on reloaded flow files too. None is ever
chosen by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight
from mitmproxy.http import HTTPFlow

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Headers, get_header

MISSING = "(this flow has none)"
EMPTY = "(empty)"


class MessageView(Contentview):
    """A message of an exchange: first line, header fields, body. `read` finds it in a flow; None if there is none."""

    def __init__(self, name: str, read: Callable[[HTTPFlow], str | None]) -> None:
        self._name = name
        self._read = read

    @property
    def name(self) -> str:
        """What the view's menu calls it."""
        return self._name

    @property
    def syntax_highlight(self) -> SyntaxHighlight:
        """YAML is near enough to header fields and JSON."""
        return "yaml"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The message as text. `data`, the body that is being looked at, does not matter."""
        flow = metadata.flow
        return (self._read(flow) if isinstance(flow, HTTPFlow) else None) or MISSING

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Below zero: only shown if it is chosen."""
        return -1


def layout(first_line: str, headers: Headers, body: bytes) -> str:
    """A message as text: JSON bodies indented, content codings undone."""
    lines = [f"  {name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in headers]
    return "\n".join([first_line, "", "headers:", *lines, "", "body:", _body(headers, body)])


def _body(headers: Headers, body: bytes) -> str:
    coding = get_header(headers, b"content-encoding")
    try:
        body = decode(body, coding.decode("latin-1") if coding else None)
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except (CodingError, orjson.JSONDecodeError):
        return body.decode("utf-8", "replace") or EMPTY


def _client_request(flow: HTTPFlow) -> str | None:
    facts = flow.metadata.get("ccproxy.client_request")
    if facts is None:
        return None
    headers = _headers(facts)
    host = (get_header(headers, b"host") or b"").decode("latin-1")
    return layout(f"{facts['method']} http://{host}{facts['target'].decode('latin-1')}", headers, facts["body"])


def _forwarded_request(flow: HTTPFlow) -> str | None:
    if not flow.metadata.get("ccproxy.forwarded"):
        return None
    request = flow.request
    return layout(f"{request.method} {request.url}", list(request.headers.fields), request.raw_content or b"")


def _provider_response(flow: HTTPFlow) -> str | None:
    if flow.response is None or not flow.metadata.get("ccproxy.answered"):
        return None
    return _response(flow)


def _client_response(flow: HTTPFlow) -> str | None:
    facts = flow.metadata.get("ccproxy.client_response")
    if facts is None:
        return _response(flow)
    return layout(f"HTTP {facts['status']}", _headers(facts), facts["body"])


def _response(flow: HTTPFlow) -> str | None:
    if flow.response is None:
        return None
    headers = list(flow.response.headers.fields)
    return layout(f"HTTP {flow.response.status_code}", headers, flow.response.raw_content or b"")


def _headers(facts: dict[str, Any]) -> Headers:
    return [(name, value) for name, value in facts["headers"]]


VIEWS = (
    MessageView("Client-Request", _client_request),
    MessageView("Forwarded-Request", _forwarded_request),
    MessageView("Provider-Response", _provider_response),
    MessageView("Client-Response", _client_response),
)
