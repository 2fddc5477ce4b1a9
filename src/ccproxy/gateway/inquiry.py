"""What the steps of the gateway ask about a request, each found out at most once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from ccproxy.codings import CodingError
from ccproxy.exchange import Exchange, Headers, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.lightllm.gemini.envelope import MODELS
from ccproxy.pipeline.draft import Draft, NotJson
from ccproxy.providers.endpoint import Endpoint, guess_dialect, parse_endpoint
from ccproxy.providers.sentinel import find_sentinel
from ccproxy.transport.carrier import OnInterim
from ccproxy.transport.delivery import Injected

AS_EVENTS = re.compile(rb"(?:^|&)(?:\$|%24)?alt=sse(?=&|$)", re.IGNORECASE)
"""How a client of Google asks for events (cloud.google.com/apis/docs/system-parameters)."""


class Inquiry:
    """A view of one exchange's request, lazily parsed: as the client sent it, and as hooks have left it."""

    __slots__ = (
        "_sentinel", "chosen", "draft", "endpoint", "exchange", "fields", "headers", "injected", "left_out",
        "on_interim", "path", "query", "told",
    )  # fmt: skip

    def __init__(self, exchange: Exchange) -> None:
        request = exchange.request
        self.exchange = exchange
        self.path, self.query = request.path, request.query
        self.headers: Headers = request.headers
        """The fields; the exchange keeps those that came."""
        self.fields: Mapping[bytes, bytes] = {name.lower(): value for name, value in request.headers}
        """Header values by lower-case name; of duplicates, the last."""
        self.endpoint: Endpoint | None = parse_endpoint(self.path)
        coding = self.fields.get(b"content-encoding")
        format = self.endpoint.format if self.endpoint is not None else None
        self.draft = Draft(format, request.body, coding.decode("latin-1") if coding is not None else None)
        self._sentinel: str | Literal[False] | None = False  # not looked for yet
        self.chosen: str | None = None
        """The provider that a hook has chosen."""
        self.injected: Injected | None = None
        """The provider's credential, once it is in the request that leaves."""
        self.left_out: dict[str, int] = {}
        """What hooks of the house did not let through, by name."""
        self.told: Headers = []
        """Fields that hooks of the house put into the answer."""
        self.on_interim: OnInterim | None = None
        """Who is told of interim answers."""

    def put_headers(self, headers: Headers) -> None:
        """Other fields take the place of those that came."""
        self.headers, self._sentinel = headers, False
        self.fields = {name.lower(): value for name, value in headers}

    @property
    def sentinel(self) -> str | None:
        """The provider's name that the client's key stands for."""
        if self._sentinel is False:
            self._sentinel = find_sentinel(self.fields, self.query)
        return self._sentinel

    @property
    def dialect(self) -> WireFormat:
        """The format in which this client reads errors."""
        return self.endpoint.format if self.endpoint is not None else guess_dialect(self.path, self.fields)

    @property
    def wrapped(self) -> bool:
        """True for a call of Code Assist, which names the model in the body, beside what the Gemini API has for one."""
        endpoint = self.endpoint
        return endpoint is not None and endpoint.action is not None and endpoint.model is None

    @property
    def sse(self) -> bool:
        """True if a stream is to be one of events: Gemini's is a JSON array unless they are asked for."""
        return self.endpoint is None or self.endpoint.action is None or AS_EVENTS.search(self.query) is not None

    @property
    def upgrade(self) -> bool:
        """True if the client asks for a WebSocket (RFC 6455 §4.1). The field counts where Connection names it only."""
        if self.fields.get(b"upgrade", b"").lower() != b"websocket":
            return False
        return self.exchange.request.method == "GET" and b"upgrade" in self.fields.get(b"connection", b"").lower()

    def document(self) -> Any:
        """The body as JSON. Raises Refused where it is not JSON."""
        try:
            return self.draft.document()
        except NotJson as error:
            kind = "invalid_body" if isinstance(error.__cause__, CodingError) else "invalid_json"
            raise Refused(400, kind, str(error)) from error

    def wants_stream(self) -> bool:
        """True if the answer is to be a stream: by the path (Gemini), else by the body. Raises Refused."""
        if self.endpoint is not None and self.endpoint.action is not None:
            return self.endpoint.streams
        document = self.document()
        return isinstance(document, dict) and document.get("stream") is True

    def model(self) -> str | None:
        """The model to ask for: a hook's choice, else from the path, else from a body that is readable JSON."""
        if self.exchange.model is not None:
            return self.exchange.model
        if self.endpoint is not None and self.endpoint.model is not None:
            return self.endpoint.model
        if not self.exchange.request.body:
            return None
        try:
            document = self.document()
        except Refused:
            return None
        model = document.get("model") if isinstance(document, dict) else None
        if model is None and self.wrapped:
            model = counted_model(document)
        return model if isinstance(model, str) else None


def counted_model(document: Any) -> str | None:
    """The model in Code Assist's envelope around what is to be counted: `{"request": {"model": "models/…"}}`."""
    inner = document.get("request") if isinstance(document, dict) else None
    model = inner.get("model") if isinstance(inner, dict) else None
    return model.removeprefix(MODELS) if isinstance(model, str) else None
