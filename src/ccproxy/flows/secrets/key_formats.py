"""Credentials that are known by their look, wherever they stand in a body or a text.

The formats are those that their vendors document or that secret scanners know. Looking for them costs 0.1 ms for 500 kB
that hold none: one pass of a compiled machine (Rust's regex crate, which pydantic-core brings along).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pydantic_core import SchemaValidator, core_schema

SENTINEL = re.compile(rb"(?:\w+ )?sk-ant-oat-ccproxy-[\w.-]+")
"""A name for a provider in the place of a key, with the scheme before it. It is no secret."""


class Format(NamedTuple):
    """A kind of key. Patterns mean the same in Python and in Rust; `W` is a word's sign, `D` one or `-`."""

    starts: str
    """The literal beginnings, parted by spaces."""
    rest: str
    """The pattern of what follows."""


FORMATS = (
    Format("sk-ant-", "D{16,}"),  # Anthropic: API keys, OAuth tokens
    Format("sk-proj- sk-svcacct- sk-admin- sk-or-v1- sk-lf- sk-litellm-", "D{16,}"),  # OpenAI, OpenRouter, Langfuse
    Format("sk-", "[A-Za-z0-9]{20,}"),  # OpenAI's first, DeepSeek, many that copy it
    Format("ek_", "[0-9a-f]{24,}"),  # OpenAI: ephemeral keys of realtime sessions
    Format("AIza", "D{30,}"),  # Google API keys
    Format("ya29.", "[0-9A-Za-z_.-]{20,}"),  # Google OAuth access tokens
    Format("1//0", "D{30,}"),  # Google OAuth refresh tokens
    Format("GOCSPX-", "D{20,}"),  # Google OAuth client secrets
    Format("ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{30,}"),  # GitHub
    Format("github_pat_", "W{20,}"),
    Format("glpat- gldt- glrt- glcbt- glptt-", "[0-9A-Za-z_.-]{16,}"),  # GitLab
    Format("xoxb- xoxp- xoxa- xoxo- xoxs- xoxr- xoxe- xoxe.xox xapp-", "[0-9A-Za-z_.-]{10,}"),  # Slack
    Format("AKIA ASIA ABIA ACCA", "[A-Z0-9]{16}"),  # AWS access key ids
    Format("hf_", "[A-Za-z0-9]{30,}"),  # Hugging Face
    Format("gsk_ xai-", "[A-Za-z0-9]{40,}"),  # Groq, xAI
    Format("pplx- fw_ r8_ csk-", "[A-Za-z0-9]{24,}"),  # Perplexity, Fireworks, Replicate, Cerebras
    Format("nvapi- tvly- lsv2_pt_ lsv2_sk_", "D{20,}"),  # NVIDIA, Tavily, LangSmith
    Format("npm_", "[A-Za-z0-9]{36}"),
    Format("pypi-", "D{50,}"),
    Format("sk_live_ rk_live_ sk_test_ rk_test_ whsec_", "[A-Za-z0-9]{16,}"),  # Stripe
    Format("SG.", r"D{20,}\.D{20,}"),  # SendGrid
    Format("hvs. hvb.", "D{24,}"),  # HashiCorp Vault
    Format("eyJ", r"D{8,}\.D{8,}(?:\.D*)*"),  # JSON Web Tokens (RFC 7519)
)
PEM = (
    r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY[A-Z ]{0,10}-----"
    r"(?:(?!-----END)(?:[A-Za-z0-9+/=:,. \t\r\n-]|\\+[nrt/])){24,}+"
    r"(?:-----END[ A-Z0-9]{0,40}KEY[A-Z ]{0,10}-----)?"
)
"""A private key (RFC 7468, RFC 1421, RFC 9580), its lines parted as in files or as in JSON."""


def _classes(pattern: str) -> str:
    return re.sub(
        r"(?<![A-Za-z\[\\])[DW](?=[{*])", lambda sign: {"D": "[0-9A-Za-z_-]", "W": r"[0-9A-Za-z_]"}[sign[0]], pattern
    )


def _starts(each: Format) -> str:
    return "|".join(map(re.escape, each.starts.split()))


def _machine(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


BLOCK, REACH = 16 * 1024, 4 * 1024
"""Bytes of a part that is looked at more closely, and how far what begins in it may go on."""
BOUNDARY = rb"(?:(?<![0-9A-Za-z_-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9a-fA-F]{4}))"
"""A key does not begin amid a word; behind an escape sequence of JSON or a URL it may."""
PATTERNS = [
    (start.encode(), BOUNDARY + re.escape(start.encode()) + _classes(each.rest).encode())
    for each in FORMATS
    for start in each.starts.split()
] + [(b"-----BEGIN", PEM.encode())]
"""How each begins, and what it is as a whole: compiled when it is needed, which it seldom is."""
_MAY_HOLD = _machine(
    "|".join(
        [f"(?:{_starts(each)}){_classes(each.rest)}" for each in FORMATS] + ["-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY"]
    )
)
_IS_TEXT = _machine("")


class Gate:
    """Says quickly whether a pattern occurs in bytes."""

    def __init__(self, machine: SchemaValidator) -> None:
        self._machine = machine

    def opens(self, data: bytes) -> bool:
        """Whether it occurs; whatever the bytes are."""
        if self._machine.isinstance_python(data):
            return True
        return not _IS_TEXT.isinstance_python(data) and self._machine.isinstance_python(data.decode("latin-1"))

    def blocks(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Parts of the data, one of which holds the beginning of each occurrence: most of a long body has none."""
        if self.opens(data):
            for at in range(0, len(data), BLOCK):
                if self.opens(data[at : at + BLOCK + REACH]):
                    yield at, min(at + BLOCK, len(data))


def gate(pattern: str) -> Gate:
    """A gate for a pattern in Rust's syntax (no look-around)."""
    return Gate(_machine(pattern))


SHORTEST = 16
"""Bytes that a key has at least."""
MAY_HOLD_KEYS = Gate(_MAY_HOLD)


def keys(data: bytes) -> Iterator[tuple[int, int]]:
    """Where keys of known formats are: beginning and end of each. They may overlap."""
    for begin, end in MAY_HOLD_KEYS.blocks(data) if len(data) >= SHORTEST else ():
        for start, pattern in PATTERNS:
            at = data.find(start, begin, end + len(start) - 1)
            while at >= 0:
                found = re.compile(pattern).match(data, at)
                if found and not SENTINEL.fullmatch(found[0]):
                    yield found.span()
                at = data.find(start, at + 1, end + len(start) - 1)
