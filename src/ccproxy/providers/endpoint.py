"""Which API a listener path belongs to. The query plays no part, so `/v1/messages?beta=true` is `/v1/messages`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ccproxy.exchange import WireFormat

type Operation = Literal["generate", "count_tokens"]
"""What a call wants, whatever the API: these have counterparts in other APIs."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of a known API: its format, and what stands in the path besides."""

    format: WireFormat
    rest: str = ""
    """What follows the API's main path: `/count_tokens`, `/batches/msgbatch_1/results`, `/resp_1/cancel`."""
    model: str | None = None
    """The model, where the path carries it (Gemini)."""
    action: str | None = None
    """The custom method after the colon (Gemini): `generateContent`."""

    @property
    def streams(self) -> bool:
        """True if the path itself says that the answer is a stream."""
        return self.action is not None and self.action.startswith("stream")

    @property
    def query(self) -> bytes:
        """What the API wants in the query for this call: Gemini streams JSON unless events are asked for."""
        return b"alt=sse" if self.streams else b""

    @property
    def operation(self) -> Operation | None:
        """What is wanted, if other APIs have that too."""
        return OPERATIONS.get((self.format, self.rest if self.action is None else self.action))


OPERATIONS: dict[tuple[WireFormat, str], Operation] = {
    (WireFormat.ANTHROPIC, ""): "generate",
    (WireFormat.ANTHROPIC, "/count_tokens"): "count_tokens",
    (WireFormat.OPENAI, ""): "generate",
    (WireFormat.OPENAI_RESPONSES, ""): "generate",
    (WireFormat.OPENAI_RESPONSES, "/input_tokens"): "count_tokens",
    (WireFormat.GEMINI, "generateContent"): "generate",
    (WireFormat.GEMINI, "streamGenerateContent"): "generate",
    (WireFormat.GEMINI, "countTokens"): "count_tokens",
}
"""By what follows the main path, or the custom method."""


COUNTERPARTS = {(format, operation): Endpoint(format, rest) for (format, rest), operation in OPERATIONS.items()} | {
    (WireFormat.PERPLEXITY, "generate"): Endpoint(WireFormat.PERPLEXITY)
}
"""The other way round, for formats whose path is the same for every model."""


def counterpart(format: WireFormat, operation: Operation, model: str, stream: bool) -> Endpoint | None:
    """The endpoint of a format for an operation; None if it has none (Chat Completions counts no tokens)."""
    if format is WireFormat.GEMINI:
        action = "countTokens" if operation == "count_tokens" else f"{'streamG' if stream else 'g'}enerateContent"
        return Endpoint(format, model=model, action=action)
    return COUNTERPARTS.get((format, operation))


VERTEX = r"/v1(?:beta1)?(?:/projects/[^/]+/locations/[^/]+)?"
"""What Vertex AI has before the resource of a model; clients with an API key name no project."""

PATTERNS: tuple[tuple[WireFormat, re.Pattern[str]], ...] = tuple(
    (format, re.compile(pattern))
    for format, pattern in (
        (WireFormat.ANTHROPIC, r"(?:/anthropic)?(?:/v1)?/messages(?P<rest>/.*)?"),
        (WireFormat.OPENAI, r"(?:/v1)?/chat/completions(?P<rest>/.*)?"),
        (WireFormat.OPENAI_RESPONSES, r"(?:/v1|/backend-api/codex)?/responses(?P<rest>/.*)?"),
        (WireFormat.GEMINI, r"(?:/gemini)?/v1(?:beta|alpha)?/models/(?P<model>[^:]+):(?P<action>\w+)"),
        (WireFormat.GEMINI, r"/v1internal:(?P<action>\w+)"),
        (WireFormat.GEMINI, VERTEX + r"/publishers/google/models/(?P<model>[^:/]+):(?P<action>\w+)"),
    )
)


MAIN_CALLS = {
    "/v1/messages": Endpoint(WireFormat.ANTHROPIC),
    "/v1/chat/completions": Endpoint(WireFormat.OPENAI),
    "/v1/responses": Endpoint(WireFormat.OPENAI_RESPONSES),
}
"""What most requests ask for, found without looking at patterns."""


def parse_endpoint(path: str) -> Endpoint | None:
    """The endpoint of a path without its query; None for paths of no known API."""
    if (main := MAIN_CALLS.get(path)) is not None:
        return main
    for format, pattern in PATTERNS:
        if match := pattern.fullmatch(path):
            found = match.groupdict()
            return Endpoint(format, found.get("rest") or "", found.get("model"), found.get("action"))
    return None


GUESSES: tuple[tuple[bytes, WireFormat], ...] = (
    (b"anthropic-version", WireFormat.ANTHROPIC),
    (b"x-goog-api-key", WireFormat.GEMINI),
    (b"x-goog-api-client", WireFormat.GEMINI),
    (b"x-api-key", WireFormat.ANTHROPIC),
)


def guess_dialect(path: str, header_names: Iterable[bytes]) -> WireFormat:
    """The dialect a client most likely reads errors in, for paths of no known API. Names must be lower-case."""
    if path.startswith(("/v1/messages", "/anthropic/")):
        return WireFormat.ANTHROPIC
    if path.startswith(("/v1beta", "/v1alpha", "/v1internal", "/gemini/", "/upload/")):
        return WireFormat.GEMINI
    names = set(header_names)
    return next((format for name, format in GUESSES if name in names), WireFormat.OPENAI)
