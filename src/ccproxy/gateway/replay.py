"""A recorded request once more: a fresh exchange for the whole pipeline, with the sentinel key of a provider.

Nothing of the record's own credentials goes along, whether they were kept or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ccproxy.exchange import Exchange, Headers, HttpRequest, WireFormat, get_header
from ccproxy.flows.secrets.redact import REDACTED, redact_value
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.rewrite import set_model
from ccproxy.providers.endpoint import guess_dialect, parse_endpoint
from ccproxy.providers.provider import Provider, in_path
from ccproxy.providers.sentinel import CREDENTIAL_HEADERS, PREFIX, find_sentinel, without_credentials

REPLAY_OF = "replay_of"
"""The tag of a fresh exchange that names the former one."""

HERE = ("127.0.0.1", 0)
"""Who asks: the user of this machine, by the control socket."""

KEY_FIELDS = {WireFormat.ANTHROPIC: b"x-api-key", WireFormat.GEMINI: b"x-goog-api-key"}
"""Where a client of a format carries its key; the others' is `Authorization: Bearer`."""


type Providers = Mapping[str, Provider]
"""Those that are configured, by name."""


class NotAgain(Exception):
    """A request that cannot be sent again. `fix` says what to do, for people."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


def again(old: Exchange, providers: Providers, provider: str | None, model: str | None) -> Exchange:
    """A fresh exchange with the request of `old`, for the provider that is named, else for the one it went to.

    Raises NotAgain.
    """
    require_whole(old)
    key = PREFIX + named(old, providers, provider).encode()
    request = old.request
    fields = {name.lower(): value for name, value in request.headers}
    endpoint = parse_endpoint(request.path)
    dialect = endpoint.format if endpoint is not None else guess_dialect(request.path, fields)
    headers = with_length([*without_secrets(request.headers), key_field(dialect, key)], len(request.body))
    target = without_key(request.target, google=dialect is WireFormat.GEMINI)
    ex = Exchange(HttpRequest(request.method, target, headers, request.body), client=HERE, tags={REPLAY_OF: old.id})
    return ex if model is None else asking_for(ex, model)


def require_whole(old: Exchange) -> None:
    """Raises NotAgain for what is not the whole request of an API."""
    request = old.request
    if old.protocol != "http":
        raise NotAgain(f"the flow {old.id} is no HTTP request but {old.protocol.upper()}, which cannot be sent again")
    if old.websocket is not None or (get_header(request.headers, b"upgrade") or b"").lower() == b"websocket":
        raise NotAgain(
            f"the flow {old.id} is a WebSocket: a conversation of two, of which one side alone cannot be had again"
        )
    length = get_header(request.headers, b"content-length") or b""
    gone = request.dropped or (0 if request.body or not length.isdigit() else int(length))
    if gone:
        raise NotAgain(
            f"the body of the flow {old.id} was not kept whole: {gone} of its bytes are missing",
            "`flows.archive: full` keeps bodies",
        )
    if parse_endpoint(request.path) is None and (old.route is None or old.route.provider is None):
        raise NotAgain(
            f"{request.method} {request.path} is no request to an LLM API that ccproxy knows, and no provider "
            "claimed it",
            "what can be sent again is shown by `ccproxy flows list` with a provider",
        )


def named(old: Exchange, providers: Providers, wanted: str | None) -> str:
    """The provider's name. Raises NotAgain where there is none, or none of this name."""
    known = ", ".join(providers) or "none"
    fields = {name.lower(): value for name, value in old.request.headers}
    name = wanted or find_sentinel(fields, old.request.query) or (old.route.provider if old.route else None)
    if name is None:
        raise NotAgain(f"the flow {old.id} went to no provider of yours", f"give --provider (configured: {known})")
    if name not in providers:
        asked = "there is no provider" if wanted else f"the flow {old.id} went to the provider"
        missing = "" if wanted else ", which is not configured any more"
        raise NotAgain(f"{asked} {name!r}{missing}", f"give --provider with another (configured: {known})")
    return name


def without_secrets(headers: Headers) -> Headers:
    """The fields without those that carry credentials, known by their names or because they were redacted."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in CREDENTIAL_HEADERS and redact_value(name.decode("latin-1"), value) != REDACTED
        if value != REDACTED.encode()
    ]


def key_field(dialect: WireFormat, key: bytes) -> tuple[bytes, bytes]:
    """The field in which a client of a format carries a key."""
    name = KEY_FIELDS.get(dialect)
    return (name, key) if name is not None else (b"authorization", b"Bearer " + key)


def without_key(target: bytes, *, google: bool) -> bytes:
    """A request-target without the credentials in its query."""
    path, mark, query = target.partition(b"?")
    kept = [
        item for item in without_credentials(query, google).split(b"&") if not item.endswith(b"=" + REDACTED.encode())
    ]
    return path + mark + b"&".join(kept) if any(kept) else path


def asking_for(ex: Exchange, model: str) -> Exchange:
    """The exchange with another model in its body, or in its path where that names it. Raises NotAgain."""
    request, endpoint = ex.request, parse_endpoint(ex.request.path)
    if endpoint is not None and endpoint.model is not None:
        old, new = (f"/models/{each}:".encode("latin-1") for each in (endpoint.model, in_path(model)))
        target = request.target.replace(old, new, 1)
        if parse_endpoint(target.partition(b"?")[0].decode("latin-1")) != replace(endpoint, model=in_path(model)):
            raise NotAgain(f"the model {model!r} cannot stand in the path {request.path}")
        return replaced(ex, HttpRequest(request.method, target, request.headers, request.body))
    inquiry = Inquiry(ex)
    try:
        set_model(inquiry, model)
    except Refused as refusal:
        raise NotAgain(f"the model cannot be set: {refusal}") from refusal
    body = inquiry.draft.raw
    if body is request.body:
        return ex
    plain = [field for field in request.headers if field[0].lower() != b"content-encoding"]
    return replaced(ex, HttpRequest(request.method, request.target, with_length(plain, len(body)), body))


def with_length(headers: Headers, length: int) -> Headers:
    """The fields with the length that a body has: it is another where credentials were taken out of it."""
    return [(name, b"%d" % length if name.lower() == b"content-length" else value) for name, value in headers]


def replaced(ex: Exchange, request: HttpRequest) -> Exchange:
    """The exchange with another request."""
    return replace(ex, request=request)
