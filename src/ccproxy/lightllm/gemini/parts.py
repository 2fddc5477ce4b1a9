"""Parts of a candidate's content, as they are written (https://ai.google.dev/api/caching#Part)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.arguments import arguments_object
from ccproxy.lightllm.data_uri import inline_of, standard_base64, to_base64
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.gemini.grounding import KEPT, Grounding
from ccproxy.lightllm.signatures import sealed

type Part = dict[str, Any]


def sealed_thought(opaque: ev.Opaque) -> Part:
    """A thought that only holds another vendor's state."""
    return {"text": "", "thought": True, "thoughtSignature": sealed(opaque, WireFormat.GEMINI)}


class PartWriter:
    """Writes what comes in one piece, and keeps what belongs to a later part: a signature, sources."""

    def __init__(self, drops: Drops) -> None:
        self.drops = drops
        self.grounding = Grounding()
        self.signature: str | None = None
        """Of the next part."""
        self._ran: set[str] = set()

    def sign(self, opaque: ev.Opaque) -> Part | None:
        """Keeps a signature of Gemini's for the next part, and gives the part that an earlier one still needs.

        Another vendor's belongs to the thinking before it: it goes with a thought of no words, right behind that.
        """
        if opaque.origin is not WireFormat.GEMINI:
            return sealed_thought(opaque)
        unsigned = self.rest()
        self.signature = standard_base64(opaque.data) or None
        if self.signature is None:
            self.drops.add("signature")  # Gemini's are of the type bytes
        return unsigned

    def rest(self) -> Part | None:
        """The part for a signature after which no other part came."""
        return self.signed({"text": ""}) if self.signature else None

    def signed(self, part: Part) -> Part:
        """A part with the signature that waits, if there is one and the part has none of its own."""
        if self.signature and "thoughtSignature" not in part:
            part = {**part, "thoughtSignature": self.signature}
            self.signature = None
        return part

    def call(self, id: str, name: str, arguments: str, custom: bool) -> Part:
        """A functionCall; free text becomes the argument `input`."""
        args = {"input": arguments} if custom else arguments_object(arguments, self.drops)
        return {"functionCall": {"id": id, "name": name, "args": args}}

    def whole(self, event: ev.Event) -> Part | None:
        """The part for a block in one event; None if it is dropped, or told in another place."""
        part = WHOLE[type(event)](self, event)
        return None if part is None else self.signed(part)

    def _redacted(self, event: ev.Redacted) -> Part | None:
        return sealed_thought(event.opaque)

    def _server_call(self, event: ev.ServerToolCall) -> Part | None:
        if event.raw and event.origin is WireFormat.GEMINI:
            return event.raw
        if event.name == "web_search":
            queries = event.input.get("queries")
            self.grounding.searched(event.input.get("query"), *(queries if isinstance(queries, list) else ()))
            return None
        code = event.input.get("code") or event.input.get("command")
        if event.name != "code_execution" or not isinstance(code, str):
            self.drops.add("server_tool_blocks")
            return None
        self._ran.add(event.id)
        language = str(event.input.get("language") or "python").upper()
        return {
            "executableCode": {
                "language": language if language == "PYTHON" else "LANGUAGE_UNSPECIFIED", "code": code, "id": event.id
            }
        }  # fmt: skip

    def _server_result(self, event: ev.ServerToolResult) -> Part | None:
        if event.raw and event.origin is WireFormat.GEMINI:
            return event.raw
        if event.name == "web_search":
            self.grounding.found(event.sources)
            return None
        if event.call_id not in self._ran:
            self.drops.add("server_tool_blocks")
            return None
        outcome = "OUTCOME_FAILED" if event.failed else "OUTCOME_OK"
        return {"codeExecutionResult": {"outcome": outcome, "output": event.output, "id": event.call_id}}

    def _media(self, event: ev.Media) -> Part | None:
        type, data = event.media_type, standard_base64(event.data)
        inline = None if data else inline_of(event.url)
        if inline is not None:
            type, data = inline[0] or type, to_base64(inline[1])
        type = type if "/" in type else "application/octet-stream"
        if data:
            return {"inlineData": {"mimeType": type, "data": data}}
        if event.url and not event.url.startswith("data:"):
            return {"fileData": {"mimeType": type, "fileUri": event.url}}
        self.drops.add("media")
        return None

    def _unknown(self, event: ev.Unknown) -> Part | None:
        if event.origin is not WireFormat.GEMINI:
            self.drops.add("unknown_block")
            return None
        if not KEPT.isdisjoint(event.raw):
            self.grounding.keep(event.raw)
            return None
        return event.raw


WHOLE: dict[type, Callable[[PartWriter, Any], Part | None]] = {
    ev.Redacted: PartWriter._redacted,
    ev.ServerToolCall: PartWriter._server_call,
    ev.ServerToolResult: PartWriter._server_result,
    ev.Media: PartWriter._media,
    ev.Unknown: PartWriter._unknown,
}


def candidate(parts: list[Part], **members: Any) -> dict[str, Any]:
    """A candidate; clients read its first part, so there always is one."""
    return {"content": {"parts": parts or [{"text": ""}], "role": "model"}, **members, "index": 0}
