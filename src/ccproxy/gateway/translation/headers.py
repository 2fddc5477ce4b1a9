"""Header fields on both ways of a translation: what one API's client says is not pasted into another's request."""

from __future__ import annotations

import re
from functools import lru_cache

from ccproxy.exchange import Headers, WireFormat
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import Finish

KEPT_OF_CLIENT = frozenset({b"user-agent", b"accept-language", b"host"})
"""What a provider of another format may know of the client. `Host` only holds the place of the provider's own."""

API_HEADERS: dict[WireFormat, Headers] = {
    WireFormat.ANTHROPIC: [(b"anthropic-version", b"2023-06-01")],
}
"""What an API demands besides the credential."""

KEPT_OF_PROVIDER = re.compile(
    rb"date|retry-after(-ms)?|x-should-retry|(x-|anthropic-)?ratelimit-.*|(x-)?request-id|cf-ray|openai-processing-ms"
)
"""What a client of another format may make use of."""

REQUEST_IDS = (b"request-id", b"x-request-id")
"""Anthropic's SDKs read the first, OpenAI's the second."""

SSE: Headers = [(b"Content-Type", b"text/event-stream; charset=utf-8"), (b"Cache-Control", b"no-cache")]
JSON: Headers = [(b"Content-Type", b"application/json")]


def request_headers(headers: Headers, provider: WireFormat, stream: bool) -> Headers:
    """The header section for a translated request, but for credential and length."""
    kept = [header for header in headers if header[0].lower() in KEPT_OF_CLIENT]
    accept = b"text/event-stream" if stream else b"application/json"
    coding = b"identity" if stream else b"gzip, br, zstd"
    own = [(b"Content-Type", b"application/json"), (b"Accept", accept), (b"Accept-Encoding", coding)]
    return [*kept, *own, *API_HEADERS.get(provider, [])]


@lru_cache(maxsize=512)
def is_of_use(name: bytes) -> bool:
    """True for a field of a provider that a client of another format may make use of."""
    return KEPT_OF_PROVIDER.fullmatch(name.lower()) is not None


def response_headers(headers: Headers, content: Headers, drops: Drops) -> Headers:
    """The header section of a translated answer: what the provider said that is of use, and what was left out."""
    kept = [header for header in headers if is_of_use(header[0])]
    names = {name.lower(): value for name, value in kept}
    known = next((names[name] for name in REQUEST_IDS if name in names), None)
    missing = [(name, known) for name in REQUEST_IDS if known is not None and name not in names]
    dropped = [(b"x-ccproxy-dropped", drops.header().encode("ascii", "replace"))] if drops else []
    return [*kept, *missing, *content, *dropped]


PLAIN = re.compile(r"[!-~]{1,300}")
"""What a provider's own word must be to stand in a header."""
METADATA_FIELDS = {"pplx_thread_url_slug": b"X-CCProxy-Perplexity-Thread-Slug"}
"""Of what clients are told beside an answer, what stands in its header, too, if it is known by then."""


def metadata_headers(finish: Finish) -> Headers:
    """The fields for what an answer's end says of it."""
    told = {name: (finish.metadata or {}).get(name, "") for name in METADATA_FIELDS}
    return [(METADATA_FIELDS[name], value.encode()) for name, value in told.items() if PLAIN.fullmatch(value)]
