"""Content views of the inspector: the four messages of an exchange as they were at each step, and what hooks did.

They read the flow's metadata (`ccproxy.flows.mflow.flow_facts`), so they work on reloaded flow files too. None is ever
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
from ccproxy.fronts.interceptor.llm_view import LlmView

MISSING = "(this flow has none)"
EMPTY = "(empty)"


class MessageView(Contentview):
    """A message of an exchange (first line, header fields, body), or what hooks made of it.

    `read` finds it in a flow; None if there is none.
    """

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
        """It as text. `data`, the body that is being looked at, does not matter."""
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
    origin = flow.metadata.get("ccproxy.destination") or f"http://{host}"
    return layout(f"{facts['method']} {origin}{facts['target'].decode('latin-1')}", headers, facts["body"])


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


LABELS = ("session", "conversation", "system_hash", "jail", "command", "pid")


def _hooks(flow: HTTPFlow) -> str | None:
    facts = flow.metadata
    known = [f"{name}: {facts[f'ccproxy.{name}']}" for name in LABELS if facts.get(f"ccproxy.{name}")]
    tags = [f"  {name}: {value}" for name, value in (facts.get("ccproxy.tags") or {}).items()]
    blocks = [known, *map(_stage, _by_stage(facts.get("ccproxy.hooks") or []).items())]
    if tags:
        blocks.insert(1, ["tags:", *tags])
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) or None


def _by_stage(results: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    stages: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        stages.setdefault(result["stage"], []).append(result)
    return stages


def _stage(stage: tuple[str, list[dict[str, Any]]]) -> list[str]:
    name, results = stage
    return [f"{name}:", *(line for result in results for line in _result(result))]


def _result(result: dict[str, Any]) -> list[str]:
    why = f": {result['reason']}" if result["reason"] else ""
    wrote = [f"    wrote {', '.join(result['wrote'])}"] if result["wrote"] else []
    return [f"  {result['name']}: {result['outcome']}, {result['ms']:.2f} ms{why}", *wrote]


VIEWS: tuple[Contentview, ...] = (
    LlmView(),
    MessageView("Client-Request", _client_request),
    MessageView("Forwarded-Request", _forwarded_request),
    MessageView("Provider-Response", _provider_response),
    MessageView("Client-Response", _client_response),
    MessageView("Hooks", _hooks),
)
