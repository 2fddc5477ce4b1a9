"""A shape: the envelope of a request that the user's own client made, without what was said in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from ccproxy.exchange import Headers, get_header

type Body = dict[str, Any]

CREDENTIAL, HOST, LENGTH = "ccproxy:credential", "ccproxy:host", "ccproxy:length"
SESSION_ID, REQUEST_ID, PROMPT_ID = "ccproxy:session-id", "ccproxy:request-id", "ccproxy:prompt-id"
MODEL = "ccproxy:model"
PLACEHOLDERS = frozenset({CREDENTIAL, HOST, LENGTH, SESSION_ID, REQUEST_ID, PROMPT_ID, MODEL})
"""What stands in a shape for values that no request shares with the one that was captured: they keep the place of a
field or a member. The first three are filled in as every request leaves, the ids by `ccproxy.shaping.regenerate`, the
model that a request asks for by `ccproxy.shaping.apply`."""

CLIENTS = {
    "anthropic": "claude -p hi",
    "gemini": "gemini -p hi",
    "openai_responses": "codex exec --skip-git-repo-check hi",
}
"""What to run for a capture, by packaged profile: the vendors' own programs, so that they say one thing and end."""
PRODUCT = re.compile(r"\s*([^/\s()]+)/v?(\d[^/\s();,]*)")


class ShapeError(Exception):
    """A shape that is not there, or cannot be used. `message` says what is wrong, `fix` what to do; as text, both."""

    def __init__(self, message: str, fix: str = "") -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message}: {fix}" if fix else message)


def capture_command(profile: str) -> str:
    """The line that captures a shape for a profile."""
    return f"ccproxy shapes capture {profile} -- {CLIENTS.get(profile, 'CLIENT')}"


class NoShapeYet(ShapeError):
    """Nobody has captured or saved a shape for a profile."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a shape comes from. What is not known is None."""

    source: Literal["capture", "flow", "packaged", "file"] = "file"
    """A client that was run for it; recorded traffic; names that come with ccproxy; a file of another program."""
    client: str | None = None
    """The product in its User-Agent (RFC 9110 §10.1.5), such as `claude-cli`."""
    version: str | None = None
    captured: float | None = None
    """Seconds since the epoch."""
    ja4: str | None = None
    """The fingerprint of its TLS handshake."""
    program: str | None = None
    """The file that was run, links resolved; for captures."""
    program_version: str | None = None
    """The version of the package that the program is part of: it tells whether another is installed since."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The envelope of one request. Content is not part of it, nor is any credential or id: see PLACEHOLDERS."""

    profile: str
    """The profile of `shaping.providers` that it is for."""
    method: str
    url: str
    """Absolute; its query is part of the envelope."""
    headers: Headers
    """In the order in which the client sent them, spelled as it did."""
    body: Body
    """In the client's order of members."""
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def path(self) -> str:
        """The path of its URL."""
        return urlsplit(self.url).path

    @property
    def query(self) -> bytes:
        """The query of its URL, undecoded."""
        return urlsplit(self.url).query.encode("latin-1", "replace")


def product(headers: Headers) -> tuple[str, str] | None:
    """The first product of the User-Agent and its version: `("claude-cli", "2.1.330")`; None if it names none."""
    agent = (get_header(headers, b"user-agent") or b"").decode("latin-1")
    found = PRODUCT.match(agent)
    return (found[1].lower(), found[2]) if found else None


def version_key(version: str) -> tuple[int, ...]:
    """The numbers of a version, by which versions are compared: `2.1.330-beta` is (2, 1, 330)."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(each[:18]) for each in numbers[0].split(".")) if numbers else ()


def is_newer(one: str, other: str) -> bool:
    """Whether a version comes after another."""
    return version_key(one) > version_key(other)
