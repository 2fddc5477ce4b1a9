"""What is not a completion: the lists of models, token counts, embeddings."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from . import gemini_strict
from .dialect import Dialect
from .errors import Trouble, required
from .gemini_request import contents_of
from .reading import as_dict, as_list, as_text, dicts, first_of, text_inside, weigh
from .wire import Request

MODELS = {
    Dialect.ANTHROPIC: ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"),
    Dialect.OPENAI: ("gpt-5.1-codex", "gpt-5", "gpt-4o", "gpt-4o-mini"),
    Dialect.GOOGLE: ("gemini-2.5-pro", "gemini-2.5-flash"),
}
CREATED = 1_750_000_000
CREATED_ISO = "2025-06-15T15:06:40Z"
EMBEDDING = [0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8]


def describe(dialect: Dialect, name: str) -> dict[str, Any]:
    """A model as the dialect's list shows it; every name is a model here."""
    if dialect is Dialect.ANTHROPIC:
        return {"type": "model", "id": name, "display_name": name, "created_at": CREATED_ISO}
    if dialect is Dialect.OPENAI:
        return {"id": name, "object": "model", "created": CREATED, "owned_by": "simulator"}
    limits = {"inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
    methods = {"supportedGenerationMethods": ["generateContent", "countTokens"]}
    return {"name": f"models/{name}", "displayName": name, "version": "001", **limits, **methods}


def models(dialect: Dialect, request: Request) -> object:
    """The list of models, or the one that the path names."""
    if name := request.match[0]:
        return describe(dialect, unquote(name))
    listed = [describe(dialect, name) for name in MODELS[dialect]]
    if dialect is Dialect.GOOGLE:
        return {"models": listed}
    if dialect is Dialect.OPENAI:
        codex: dict[str, Any] = {"models": []} if b"client_version=" in request.query else {}
        return {"object": "list", "data": listed, **codex}
    return {"data": listed, "has_more": False, "first_id": listed[0]["id"], "last_id": listed[-1]["id"]}


def count_anthropic(request: Request) -> object:
    """POST /v1/messages/count_tokens."""
    body = request.body
    required(body, "model", str, "{name}: Field required")
    messages = required(body, "messages", list, "{name}: Field required")
    return {"input_tokens": max(weigh(messages) + weigh(body.get("system")) + weigh(body.get("tools")), 1)}


def count_responses(request: Request) -> object:
    """POST /v1/responses/input_tokens."""
    body = request.body
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    count = weigh(items) + weigh(body.get("instructions")) + weigh(body.get("tools"))
    return {"object": "response.input_tokens", "input_tokens": max(count, 1)}


def count_gemini(request: Request) -> object:
    """POST …:countTokens: of the turns, or of a whole call in a member of its own."""
    gemini_strict.public(request.body)
    inner = first_of(request.body, "generateContentRequest", "generate_content_request")
    count = tokens_of(as_dict(inner or request.body))
    return {"totalTokens": count, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": count}]}


def tokens_of(call: dict[str, Any]) -> int:
    """The tokens of a call of Google's API."""
    rest = weigh(first_of(call, "systemInstruction", "system_instruction")) + weigh(call.get("tools"))
    return weigh(contents_of(call)) + rest


def embeddings(request: Request) -> object:
    """POST /v1/embeddings: the same vector for everybody."""
    model = required(request.body, "model", str, "you must provide a model parameter")
    given = required(request.body, "input", (str, list), "Missing required parameter: '{name}'.")
    texts = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    listed = [{"object": "embedding", "index": index, "embedding": EMBEDDING} for index in range(len(texts))]
    count = weigh(given)
    return {"object": "list", "data": listed, "model": model, "usage": {"prompt_tokens": count, "total_tokens": count}}


def embed_gemini(request: Request) -> object:
    """POST …:embedContent and …:batchEmbedContents."""
    if request.match[-1] == "embedContent":
        return {"embedding": {"values": EMBEDDING}}
    return {"embeddings": [{"values": EMBEDDING} for _ in as_list(request.body.get("requests"))]}


def compact(request: Request) -> object:
    """POST /v1/responses/compact: the user's own messages, and one opaque item for the rest."""
    model = required(request.body, "model", str, "Missing required parameter: '{name}'.", "missing_required_parameter")
    given = request.body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else dicts(given)
    said = [
        {
            "id": f"msg_{request.seed}{index}",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": text_inside(item.get("content"))}],
        }
        for index, item in enumerate(items)
        if item.get("role") == "user"
    ]
    sealed = {"id": f"cmp_{request.seed}", "type": "compaction", "encrypted_content": as_text(model).encode().hex()}
    count = weigh(items)
    usage = {
        "input_tokens": count,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": count + 1,
    }
    head = {"id": f"resp_{request.seed}", "object": "response.compaction", "created_at": CREATED}
    return {**head, "output": [*said, sealed], "usage": usage}


def no_such_response(request: Request) -> object:
    """GET, DELETE or POST on /v1/responses/{id}: nothing is ever stored.

    Raises:
        Trouble: always, 404.
    """
    raise Trouble(404, f"Response with id '{unquote(request.match[0] or '')}' not found.")
