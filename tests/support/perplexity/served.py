"""A daemon with a provider that is the stand-in: what tests ask it in each format, and what they find out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.crossing import CLIENTS
from tests.support.daemon import Daemon, Home
from tests.support.http import Header, Response, field_of, parse_head
from tests.support.perplexity.server import TOKEN, PerplexitySite

PROVIDER = "pplx"
MODEL = "openai/gpt-5.4"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture."""

TRAILERS: Header = (b"TE", b"trailers")

type Turns = Iterable[tuple[str, str]]
"""Role, `user` or `assistant`, and text."""


def provider(url: str, auth: Any, **more: Any) -> dict[str, Any]:
    """The provider at a base URL."""
    return {"type": "perplexity_pro", "base_url": url, "auth": auth} | more


@dataclass(frozen=True)
class Served:
    """Both of them."""

    site: PerplexitySite
    daemon: Daemon
    session: Path
    """The file that the session's token is in."""

    def ask(self, client: str, said: str | Turns, *headers: Header, streamed: bool = False, **members: Any) -> Response:
        """Puts a question, or a conversation, in the format of a client."""
        dialect = CLIENTS[client]
        named = {} if client == "gemini" else {"model": MODEL} | ({"stream": True} if streamed else {})
        turns = [("user", said)] if isinstance(said, str) else said
        limit = {"max_tokens": 64} if client == "anthropic" else {}
        document = named | limit | conversation(client, turns) | members
        target = dialect.target(MODEL, stream=streamed)
        fields = [dialect.key(PROVIDER), *([TRAILERS] if streamed else []), *headers]
        return self.daemon.ask("POST", target, fields, json.dumps(document).encode())

    def record(self, agent: str) -> dict[str, Any]:
        """All that is kept of an exchange."""
        found: dict[str, Any] = self.daemon.control("GET", f"/flows/{self.daemon.flow(agent)['id']}")
        return found


@contextmanager
def served(
    providers: Mapping[str, Any] | None = None,
    *,
    rules: Sequence[Mapping[str, Any]] = (),
    archive: bool = False,
    **pplx: Any,
) -> Iterator[Served]:
    """Runs them.

    Args:
        providers: others, or changes of the provider.
        rules: `lightllm.transforms`.
        archive: whether the daemon has one.
        **pplx: what is configured as `pplx`.
    """
    site, home = PerplexitySite(), Home()
    session = home.root / "home" / "session"
    session.write_text(TOKEN + "\n")
    session.chmod(0o600)
    others = dict(providers or {})
    own = provider(site.url, {"type": "file", "file": str(session)}) | others.pop(PROVIDER, {})
    config = {"providers": {PROVIDER: own, **others}, "pplx": pplx, "lightllm": {"transforms": list(rules)}}
    try:
        with Daemon(config, home=home, archive=archive) as daemon:
            yield Served(site, daemon, session)
    finally:
        site.stop()
        home.remove()


def conversation(client: str, turns: Turns) -> dict[str, Any]:
    """The members of a request that say something."""
    if client == "gemini":
        roles = {"user": "user", "assistant": "model"}
        return {"contents": [{"role": roles[role], "parts": [{"text": text}]} for role, text in turns]}
    said = [{"role": role, "content": text} for role, text in turns]
    return {"input" if client == "openai_responses" else "messages": said}


def picture(client: str, text: str, *files: bytes, kind: str = "image/png") -> dict[str, Any]:
    """The members of a request with a question about pictures."""
    parts = [{"text": text}] if client == "gemini" else [{"type": WORDS[client], "text": text}]
    parts += [_picture(client, kind, base64.b64encode(data).decode()) for data in files]
    if client == "gemini":
        return {"contents": [{"role": "user", "parts": parts}]}
    return {"input" if client == "openai_responses" else "messages": [{"role": "user", "content": parts}]}


WORDS = {"openai": "text", "anthropic": "text", "openai_responses": "input_text"}


def _picture(client: str, kind: str, data: str) -> dict[str, Any]:
    uri = f"data:{kind};base64,{data}"
    parts: dict[str, dict[str, Any]] = {
        "openai": {"type": "image_url", "image_url": {"url": uri}},
        "openai_responses": {"type": "input_image", "image_url": uri},
        "anthropic": {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}},
        "gemini": {"inlineData": {"mimeType": kind, "data": data}},
    }
    return parts[client]


def trailer(answer: Response, name: str) -> bytes | None:
    """The first value of a field behind the last chunk (RFC 9112 §7.1.2)."""
    _, _, fields = answer.raw.rpartition(b"\r\n0\r\n")
    return field_of(parse_head(b"\r\n" + fields)[1], name)
