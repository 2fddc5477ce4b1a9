"""A stand-in for the ChatGPT backend that Codex talks to, as strict as that one, with the simulator's answers.

It refuses what `refusal` says, answers with server-sent events only, and its last event has an empty `output`. Sources
are named in `ccproxy.lightllm.openai_responses.chatgpt` and `chatgpt_answer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from ccproxy import simulator
from ccproxy.codings import decode
from tests.support.http import Header, Wire
from tests.support.internet.providers import spoken
from tests.support.replies import JSON, chunk, head, json_reply, reply
from tests.support.token_process import document
from tests.support.token_server import Issuer
from tests.support.upstream import Close, Hang, Recorded, Send, Step, Upstream

PATH = b"/backend-api/codex/responses"
REFUSED = {
    *("max_output_tokens", "max_tool_calls", "prompt_cache_retention", "temperature", "top_p", "top_logprobs"),
    *("truncation", "metadata", "background", "user", "safety_identifier", "previous_response_id", "conversation"),
    *("prompt", "n", "seed", "presence_penalty", "frequency_penalty", "context_management", "response_format"),
}
"""What it was seen to refuse, and more of the kind."""
DEAD_END = "http://127.0.0.1:9/oauth/token"
"""Where nobody renews a token: none has to be."""
type Body = dict[str, Any]


class CodexBackend(Upstream):
    """Answers at `url + PATH`, by HTTP and by WebSocket, who has the token and the account of its login."""

    def __init__(self) -> None:
        super().__init__(self.answers)
        self.issuer = Issuer(codex=True)
        self.login = self.issuer.issue(86_400)
        self.messages: list[Body] = []
        """What came by WebSocket."""
        self.upgrades = True
        """Whether it has WebSockets."""
        self.kind: bytes | None = b"text/event-stream"
        """What it says that its streams are; None says nothing."""
        self.status: int | None = None
        """With which status, if not the simulator's."""
        self.told: bytes | None = None
        """What it says in place of the simulator's answer."""
        self.coding: bytes | None = None
        """In which coding that is."""
        self.lasting = False
        """Whether it keeps a stream open after its last event."""
        self.code = b"server_error"
        """What a response says that fails."""
        self.cut: int | None = None
        """Bytes after which a stream ends, in good order."""

    def write_login(self, file: Path) -> Path:
        """The file as Codex keeps it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document("codex_oauth", self.login)))
        file.chmod(0o600)
        return file

    def reset(self) -> None:
        """As it is by default, with nothing on record."""
        self.forget()
        self.messages.clear()
        self.upgrades, self.kind, self.status = True, b"text/event-stream", None
        self.cut, self.code, self.told, self.lasting = None, b"server_error", None, False
        self.coding = None

    def provider(self, folder: Path, **more: Any) -> Body:
        """The provider that goes by this login."""
        auth = {"type": "codex_oauth", "file_path": str(self.write_login(folder / "auth.json")), "endpoint": DEAD_END}
        return {"type": "openai_responses", "base_url": self.url, "path": PATH.decode(), "auth": auth} | more

    @property
    def bodies(self) -> list[Body]:
        """What came by HTTP."""
        return [read(request) for request in self.requests if request.method == "POST"]

    def answers(self, request: Recorded) -> Iterable[Step]:
        """The answer to a request that is no WebSocket's."""
        if denied := self.denial(request):
            return json_reply({"detail": denied}, 401)(request)
        if request.target.partition(b"?")[0].endswith(b"/models"):
            return reply(200, [JSON] if self.kind else [], b'{"models":[]}')(request)
        if request.method != "POST" or request.target != PATH:
            return json_reply({"detail": "Not Found"}, 404)(request)
        status, detail = refusal(read(request))
        return json_reply({"detail": detail}, status)(request) if detail else self.stream(read(request))

    def denial(self, request: Recorded) -> str:
        """Why this is not one of ours; empty if it is."""
        token = (request.field("authorization") or b"").decode().removeprefix("Bearer ")
        if not self.issuer.is_valid(token):
            return "Could not parse your authentication token. Please try signing in again."
        return "" if request.field("chatgpt-account-id") == self.login["account_id"].encode() else "Unauthorized"

    def stream(self, body: Body) -> Iterator[Step]:
        """The simulator's answer, the last event without its output."""
        answer = simulator.respond("POST", b"/v1/responses", [JSON], json.dumps(body).encode())
        data = b"".join(map(bare, answer.body.splitlines(keepends=True))).replace(b"server_error", self.code)
        data = data[: self.cut] if self.told is None else self.told
        kind: list[Header] = [(b"Content-Type", self.kind)] if self.kind is not None else []
        kind += [(b"Content-Encoding", self.coding)] if self.coding is not None else []
        fields = [*kind, (b"x-codex-plan-type", b"plus"), (b"Transfer-Encoding", b"chunked")]
        yield Send(head(self.status or answer.status, fields) + (chunk(data) if data else b""))
        yield Hang() if self.lasting else Send(b"0\r\n\r\n")

    def _play(self, wire: Wire, request: Recorded) -> bool:
        if (request.field("upgrade") or b"").lower() != b"websocket" or not self.upgrades or self.denial(request):
            return super()._play(wire, request)
        talk(wire, request.raw, self.messages)
        return self._step(wire, Close())


def read(request: Recorded) -> Body:
    """A request's body."""
    coding = request.field("content-encoding")
    body: Body = json.loads(decode(request.body, coding.decode() if coding else None))
    return body


def refusal(body: Body) -> tuple[int, str]:
    """Status and words for a request that the backend does not take; no words for one that it takes."""
    for name in body:
        if name in REFUSED:
            return 400, f"Unsupported parameter: {name}"
    if body.get("store") is not False:
        return 400, "Store must be set to false"
    if body.get("stream") is not True:
        return 400, "Stream must be set to true"
    if not isinstance(body.get("instructions"), str) and "client_metadata" not in body:  # Codex 0.169 has none
        return 400, "Instructions are required"
    if not isinstance(body.get("input"), list):
        return 400, "Input must be a list"
    return next(((status, words) for item in body["input"] for status, words in [of_item(item)] if words), (200, ""))


def of_item(item: Body) -> tuple[int, str]:
    """The same for an item of the input."""
    if item.get("type", "message") == "message" and item.get("role") == "system":
        return 400, "System messages are not allowed"
    if item.get("type") == "item_reference" or (
        item.get("type") == "reasoning" and item.get("id") and not item.get("encrypted_content")
    ):
        return 404, f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false."
    return 200, ""


def bare(line: bytes) -> bytes:
    """A line of a stream; the one of the last event with an empty output."""
    if not line.startswith(b"data: {") or b'"output":[' not in line.replace(b" ", b""):
        return line
    event = json.loads(line.removeprefix(b"data: "))
    event["response"]["output"] = []
    return b"data: " + json.dumps(event).encode() + b"\n"


def talk(wire: Wire, opening: bytes, messages: list[Body]) -> None:
    """A WebSocket to its end."""
    protocol = ServerProtocol()
    protocol.receive_data(opening)
    while True:
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                messages.append(json.loads(bytes(event.data)))
                for text in spoken(bytes(event.data)):
                    protocol.send_text(bare(f"data: {text}\n".encode()).removeprefix(b"data: ").strip())
        for data in protocol.data_to_send():
            wire.sock.sendall(data)
        if protocol.close_expected() or not (data := wire.sock.recv(65536)):
            return
        protocol.receive_data(data)
