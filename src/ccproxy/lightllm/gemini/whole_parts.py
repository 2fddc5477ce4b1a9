"""Parts that are whole blocks, as they are read: calls, files, and what Google's own tools did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.arguments import arguments_json
from ccproxy.lightllm.gemini import server_tools
from ccproxy.lightllm.gemini.names import camel
from ccproxy.lightllm.gemini.partial_args import PartialCall
from ccproxy.lightllm.ids import new_id

type Events = list[ev.Event]


class WholeParts:
    """Reads them. `indices` gives the numbers of blocks."""

    def __init__(self, indices: Iterator[int]) -> None:
        self.called = False
        """True once the client's tools have been called."""
        self._indices = indices
        self._partial: PartialCall | None = None
        self._code_id = ""

    def read(self, part: dict[str, Any], out: Events) -> None:
        """A part without text, its names in `camelCase`."""
        kind = next((name for name in KINDS if isinstance(part.get(name), dict)), "")
        if kind:
            KINDS[kind](self, part, camel(part[kind]), out)
        elif KINDS.keys().isdisjoint(part) and "text" not in part:
            out.append(ev.Unknown(part, WireFormat.GEMINI))

    def finish(self, out: Events) -> None:
        """Nothing more comes: a call that was to go on has what it has."""
        if self._partial is not None:
            self._end_partial(out)

    def _call(self, part: dict[str, Any], call: dict[str, Any], out: Events) -> None:
        if self._partial is None and (call.get("partialArgs") or call.get("willContinue")):
            self._partial = PartialCall(call)
        if self._partial is None:
            self._tell_call(call.get("id"), call.get("name"), arguments_json(call.get("args")), out)
        elif self._partial.add(call):
            self._end_partial(out)

    def _end_partial(self, out: Events) -> None:
        assert self._partial is not None
        partial, self._partial = self._partial, None
        self._tell_call(partial.id, partial.name, arguments_json(partial.args), out)

    def _tell_call(self, id: Any, name: Any, arguments: str, out: Events) -> None:
        index = next(self._indices)
        self.called = True
        out.append(ev.ToolCallStart(index, str(id or new_id("call_")), str(name or "unknown")))
        out.append(ev.ArgumentsDelta(index, arguments))
        out.append(ev.BlockStop(index))

    def _inline(self, part: dict[str, Any], data: dict[str, Any], out: Events) -> None:
        type = str(data.get("mimeType") or "application/octet-stream")
        out.append(ev.Media(type, data=str(data.get("data") or "")))

    def _file(self, part: dict[str, Any], data: dict[str, Any], out: Events) -> None:
        type = str(data.get("mimeType") or "application/octet-stream")
        out.append(ev.Media(type, url=str(data.get("fileUri") or "")))

    def _code(self, part: dict[str, Any], code: dict[str, Any], out: Events) -> None:
        self._code_id = str(code.get("id") or new_id("srvtool_"))
        out.append(server_tools.code(self._code_id, code, part))

    def _output(self, part: dict[str, Any], result: dict[str, Any], out: Events) -> None:
        call_id = str(result.get("id") or self._code_id or new_id("srvtool_"))
        out.append(server_tools.output(call_id, result, part))

    def _tool_call(self, part: dict[str, Any], call: dict[str, Any], out: Events) -> None:
        out.append(server_tools.call(call, part))

    def _tool_response(self, part: dict[str, Any], response: dict[str, Any], out: Events) -> None:
        out.append(server_tools.response(response, part))


type Handler = Callable[[WholeParts, dict[str, Any], dict[str, Any], Events], None]

KINDS: Mapping[str, Handler] = {
    "functionCall": WholeParts._call,
    "inlineData": WholeParts._inline,
    "fileData": WholeParts._file,
    "executableCode": WholeParts._code,
    "codeExecutionResult": WholeParts._output,
    "toolCall": WholeParts._tool_call,
    "toolResponse": WholeParts._tool_response,
}
