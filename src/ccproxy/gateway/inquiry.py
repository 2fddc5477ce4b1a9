"""What the steps of the gateway ask about a request, each found out at most once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Exchange, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.providers.endpoint import Endpoint, guess_dialect, parse_endpoint

_UNREAD = object()


class Inquiry:
    """A view of one exchange's request, lazily parsed."""

    __slots__ = ("_document", "endpoint", "exchange", "fields", "path", "query")

    def __init__(self, exchange: Exchange) -> None:
        request = exchange.request
        self.exchange = exchange
        self.path, self.query = request.path, request.query
        self.fields: Mapping[bytes, bytes] = {name.lower(): value for name, value in request.headers}
        """Header values by lower-case name; of duplicates, the last."""
        self.endpoint: Endpoint | None = parse_endpoint(self.path)
        self._document: Any = _UNREAD

    @property
    def dialect(self) -> WireFormat:
        """The format in which this client reads errors."""
        return self.endpoint.format if self.endpoint is not None else guess_dialect(self.path, self.fields)

    @property
    def upgrade(self) -> bool:
        """True if the client asks for a WebSocket (RFC 6455 §4.1). The field counts where Connection names it only."""
        if self.fields.get(b"upgrade", b"").lower() != b"websocket":
            return False
        return self.exchange.request.method == "GET" and b"upgrade" in self.fields.get(b"connection", b"").lower()

    @property
    def coding(self) -> str | None:
        """The body's content coding."""
        value = self.fields.get(b"content-encoding")
        return value.decode("latin-1") if value is not None else None

    def decoded_body(self) -> bytes:
        """The body without its content coding. Raises Refused."""
        try:
            return decode(self.exchange.request.body, self.coding)
        except CodingError as error:
            raise Refused(400, "invalid_body", str(error)) from error

    def document(self) -> Any:
        """The body as JSON. Raises Refused where it is not JSON."""
        if self._document is _UNREAD:
            try:
                self._document = orjson.loads(self.decoded_body())
            except orjson.JSONDecodeError as error:
                raise Refused(400, "invalid_json", f"the request body is not valid JSON: {error}") from error
        return self._document

    def wants_stream(self) -> bool:
        """True if the answer is to be a stream: by the path (Gemini), else by the body. Raises Refused."""
        if self.endpoint is not None and self.endpoint.action is not None:
            return self.endpoint.streams
        document = self.document()
        return isinstance(document, dict) and document.get("stream") is True

    def model(self) -> str | None:
        """The model asked for: from the path, else from a body that is readable JSON."""
        if self.endpoint is not None and self.endpoint.model is not None:
            return self.endpoint.model
        if not self.exchange.request.body:
            return None
        try:
            document = self.document()
        except Refused:
            return None
        model = document.get("model") if isinstance(document, dict) else None
        return model if isinstance(model, str) else None
