"""Output items that are not the model's own words or calls: what the provider's tools did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation, Event, Media, ServerToolCall, ServerToolResult, Unknown
from ccproxy.lightllm.ids import new_id

ORIGIN = WireFormat.OPENAI_RESPONSES
type Item = dict[str, Any]


def read_server_item(item: Item) -> list[Event]:
    """The events of a whole item. The item itself goes with the first: a result without one belongs to its call."""
    kind = str(item.get("type") or "")
    known = READERS.get(kind)
    if known is not None:
        return known(item)
    if kind.endswith("_output"):
        output = item.get("output")
        text = output if isinstance(output, str) else ""
        name = kind.removesuffix("_output").removesuffix("_call")
        return [ServerToolResult(str(item.get("call_id") or ""), name, text, raw=item, origin=ORIGIN)]
    if kind.endswith("_call"):
        action = item.get("action") or item.get("arguments") or item.get("operation")
        return [_call(item, kind.removesuffix("_call"), action if isinstance(action, dict) else {})]
    return [Unknown(item, ORIGIN)]


def _call(item: Item, name: str, given: dict[str, Any]) -> ServerToolCall:
    return ServerToolCall(_id(item), name, given, item, ORIGIN)


def _id(item: Item) -> str:
    return str(item.get("id") or item.get("call_id") or new_id("srv_"))


def _failed(item: Item) -> bool:
    return item.get("status") in ("failed", "incomplete") or bool(item.get("error"))


def _result(call: ServerToolCall, item: Item, output: str = "", sources: list[Citation] | None = None) -> Event:
    return ServerToolResult(call.id, call.name, output, sources or [], _failed(item), origin=ORIGIN)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(holder: Item, name: str) -> list[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else []


def _web_search(item: Item) -> list[Event]:
    action = item.get("action")
    action = action if isinstance(action, dict) else {}
    if action.get("type") == "open_page" and isinstance(action.get("url"), str):
        call = _call(item, "web_fetch", {"url": action["url"]})
    else:
        queries = [query for query in _list(action, "queries") if isinstance(query, str)]
        query = action.get("query") or next(iter(queries), None) or action.get("pattern") or ""
        call = _call(item, "web_search", {"query": query} if query else {})
    sources = [source for source in _list(action, "sources") if isinstance(source, dict) and _text(source.get("url"))]
    cited = [Citation("web", source["url"], _text(source.get("title")), origin=ORIGIN) for source in sources]
    return [call, _result(call, item, sources=cited)]


def _code(item: Item) -> list[Event]:
    call = _call(item, "code_execution", {"code": item.get("code") or "", "language": "python"})
    outputs = [output for output in _list(item, "outputs") if isinstance(output, dict)]
    logs = "".join(output["logs"] for output in outputs if isinstance(output.get("logs"), str))
    images = [output["url"] for output in outputs if isinstance(output.get("url"), str)]
    return [call, _result(call, item, logs), *(_pictured(url, call.id) for url in images)]


def _pictured(url: str, id: str) -> Event:
    head, comma, data = url.partition(";base64,")
    if comma and head.startswith("data:"):
        return Media(head.removeprefix("data:") or "image/png", data, id=id)
    return Media("image/png", url=url, id=id)


def _file_search(item: Item) -> list[Event]:
    queries = [query for query in _list(item, "queries") if isinstance(query, str)]
    call = _call(item, "file_search", {"queries": queries})
    found = [result for result in _list(item, "results") if isinstance(result, dict)]
    sources = [
        Citation(
            "file",
            title=_text(hit.get("filename")),
            cited_text=_text(hit.get("text")),
            document_id=_text(hit.get("file_id")),
        )
        for hit in found
    ]
    return [call, _result(call, item, sources=sources)]


def _mcp(item: Item) -> list[Event]:
    call = _call(item, str(item.get("name") or "mcp"), _object(item.get("arguments")))
    output, error = item.get("output"), item.get("error")
    said = output if isinstance(output, str) else ""
    return [call, _result(call, item, said or (error if isinstance(error, str) else ""))]


def _object(arguments: Any) -> dict[str, Any]:
    try:
        value = orjson.loads(arguments) if isinstance(arguments, str) else arguments
    except orjson.JSONDecodeError:
        value = {"arguments": arguments}
    return value if isinstance(value, dict) else {}


def _image(item: Item) -> list[Event]:
    result = item.get("result")
    if not isinstance(result, str) or not result:
        return [_call(item, "image_generation", {})]
    kind = item.get("output_format")
    return [Media(f"image/{kind if isinstance(kind, str) and kind else 'png'}", result, id=_id(item))]


READERS: dict[str, Callable[[Item], list[Event]]] = {
    "web_search_call": _web_search,
    "code_interpreter_call": _code,
    "file_search_call": _file_search,
    "mcp_call": _mcp,
    "image_generation_call": _image,
}
"""Items that mean something in other formats too; others are carried as they are."""
