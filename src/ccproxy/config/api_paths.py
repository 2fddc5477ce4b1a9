"""Where the API of a provider is by default, and what is known by its path."""

from __future__ import annotations

from urllib.parse import urlsplit

ALIASES = {
    "deepseek": "anthropic",
    "zai": "anthropic",
    "google": "gemini",
    "vertex_ai": "gemini",
    "vertex_ai_beta": "gemini",
}
"""Types of ai-ccproxy 2.0 that name a vendor, with the wire format they speak."""

DEFAULT_PATHS = {
    "anthropic": "/v1/messages",
    "openai": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "gemini": "/v1beta/models/{model}:{action}",
    "perplexity_pro": "/rest/sse/perplexity_ask",
    "simulator": "/",
}
CODEX_HOST, CODEX_PATH = "chatgpt.com", "/backend-api/codex/responses"
"""By this a Responses provider is known to be the backend of ChatGPT that Codex talks to, wherever it is."""

CODE_ASSIST_HOST, CODE_ASSIST_PATH = "cloudcode-pa.googleapis.com", "/v1internal:{action}"
"""By this path a Gemini provider is known to be Code Assist, or what stands in its place, wherever it is."""

HOST_PATHS = {("openai_responses", CODEX_HOST): CODEX_PATH, ("gemini", CODE_ASSIST_HOST): CODE_ASSIST_PATH}
"""By format and host, where it is not that of the type."""

VERSIONS = ("/v1", "/v1beta")
"""What a default path begins with, and what a base URL often ends with because SDKs ask for it so."""


def wire_format(written: object) -> object:
    """The format of a `type` as it was written."""
    return ALIASES.get(written, written) if isinstance(written, str) else written


def with_path(written: object) -> object:
    """A provider as it was written, with its default path filled in.

    A base URL with the whole path of the ChatGPT backend is cut before it.
    """
    if not isinstance(written, dict) or written.get("path") is not None:
        return written
    format, base_url = wire_format(written.get("type")), written.get("base_url")
    if isinstance(base_url, str) and base_url.rstrip("/").endswith(CODEX_PATH):
        return {**written, "base_url": base_url.rstrip("/").removesuffix(CODEX_PATH), "path": CODEX_PATH}
    if path := HOST_PATHS.get((str(format), _host(written))):
        return {**written, "path": path}
    path = _default_path(written.get("type"), base_url)
    return {**written, "path": path} if path else written


def is_code_assist(format: object, path: str) -> bool:
    """True for Gemini by way of Code Assist, or what stands in its place."""
    return format == "gemini" and path.partition("?")[0].endswith(CODE_ASSIST_PATH)


def is_written_as_code_assist(written: object) -> bool:
    """The same for a provider as it was written, before validation."""
    whole = with_path(written)
    path = whole.get("path") if isinstance(whole, dict) else None
    return isinstance(whole, dict) and isinstance(path, str) and is_code_assist(wire_format(whole.get("type")), path)


def _host(written: dict[str, object]) -> str:
    """The host that a provider names, be it by a base URL that has no path: as DNS compares names (RFC 4343)."""
    base_url = written.get("base_url")
    if not isinstance(base_url, str):
        return str(written.get("host")).lower().removesuffix(".")
    try:
        parts = urlsplit(base_url)
    except ValueError:  # which validation says in words
        return ""
    return (parts.hostname or "").removesuffix(".") if parts.path in ("", "/") else ""


def _default_path(kind: object, base_url: object) -> str:
    path = DEFAULT_PATHS.get(str(wire_format(kind)), "")
    given = base_url.rstrip("/") if isinstance(base_url, str) else ""
    if kind == "openai_responses" and given.endswith(CODEX_PATH.removesuffix("/responses")):
        return "/responses"
    for version in VERSIONS:
        if given.endswith(version):
            path = path.removeprefix(version) if path.startswith(f"{version}/") else path
    return path
