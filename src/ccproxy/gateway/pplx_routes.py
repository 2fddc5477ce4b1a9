"""`GET /pplx/messages/{id}` of the listener: a thread of a Perplexity account as messages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.local_routes import Answer, json_reply, only
from ccproxy.gateway.model_routes import parameters
from ccproxy.gateway.origin_check import refuse_foreign_host
from ccproxy.gateway.pplx_desk import Desk
from ccproxy.gateway.reply import Reply
from ccproxy.providers.bearer import Bearer, NoToken

PREFIX = "/pplx/messages/"
ADVICE = "send it to an address or to localhost, or with the sentinel key of the provider (sk-ant-oat-ccproxy-NAME)"
NAMES = {"citation_mode": "citations", "include_reasoning": "reasoning", "provider": "provider"}
"""Parameters of the query, as the desk knows them."""


class PerplexityRoutes:
    """Answers from the account's threads.

    Args:
        desk: asks the site.
        bearer: lets clients in (`mcp.http.auth`).
    """

    def __init__(self, desk: Desk, bearer: Bearer) -> None:
        self._desk, self._bearer = desk, bearer

    def find(self, inquiry: Inquiry) -> Answer | None:
        """Who answers; None if it is another's. Raises Refused: 405 for another method than GET."""
        if not inquiry.path.startswith(PREFIX):
            return None
        only(("GET",), inquiry)
        return self.messages

    async def messages(self, inquiry: Inquiry) -> Reply:
        """`{"messages", "metadata", "thread_info"}`. Raises Refused."""
        await self._require_bearer(inquiry.fields)
        if inquiry.sentinel is None and not self._bearer.is_set:
            refuse_foreign_host(inquiry.fields, f"GET {inquiry.path}", ADVICE)
        slug = unquote(inquiry.path.removeprefix(PREFIX))
        query = parameters(inquiry)
        wanted = {ours: query[theirs] for theirs, ours in NAMES.items() if theirs in query} | {"slug": slug}
        key = inquiry.sentinel
        if key is not None and key in self._desk.names:  # one for others says nothing of these
            wanted.setdefault("provider", key)
        return json_reply(await self._desk.fulfilled("messages", wanted))

    async def _require_bearer(self, fields: Mapping[bytes, bytes]) -> None:
        try:
            accepted = await self._bearer.accepts(fields.get(b"authorization", b""))
        except NoToken as error:
            raise Refused(503, "auth_error", f"the token of mcp.http.auth cannot be had: {error}") from error
        if not accepted:
            field = [(b"WWW-Authenticate", b"Bearer")]
            raise Refused(401, "auth_error", "this needs the bearer token of mcp.http.auth", field)
