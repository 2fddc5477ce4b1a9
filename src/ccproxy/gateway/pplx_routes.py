"""`GET /pplx/messages/{id}` of the listener: a thread of a Perplexity account as messages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.local_routes import Answer, json_reply, only
from ccproxy.gateway.origin_check import refuse_foreign_host
from ccproxy.gateway.pplx_desk import Desk
from ccproxy.gateway.pplx_parameters import MODES, mode, truth, wrong
from ccproxy.gateway.reply import Reply
from ccproxy.providers.bearer import Bearer, NoToken
from ccproxy.providers.sentinel import without_credentials

PREFIX = "/pplx/messages/"
ADVICE = "send it to an address or to localhost, or with the sentinel key of the provider (sk-ant-oat-ccproxy-NAME)"
NAMES = {"citation_mode": "citations", "include_reasoning": "reasoning", "provider": "provider"}
"""Parameters of the query, as the desk knows them."""
MOST, LONGEST = 20, 60
"""Parameters that are looked at, and characters of one that are told."""


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
        query = checked(inquiry)
        wanted = {ours: query[theirs] for theirs, ours in NAMES.items() if theirs in query} | {"slug": slug}
        key = inquiry.sentinel
        if key is not None and key in self._desk.names:  # one for others says nothing of these
            wanted.setdefault("provider", key)
        if "provider" not in wanted and len(known := self._desk.names) > 1:
            several = f"there are several providers of type perplexity_pro: {', '.join(known)}"
            raise wrong(f"{several}; say which: ?provider=NAME, or its sentinel key")
        return json_reply(await self._desk.fulfilled("messages", wanted))

    async def _require_bearer(self, fields: Mapping[bytes, bytes]) -> None:
        try:
            accepted = await self._bearer.accepts(fields.get(b"authorization", b""))
        except NoToken as error:
            raise Refused(503, "auth_error", f"the token of mcp.http.auth cannot be had: {error}") from error
        if not accepted:
            field = [(b"WWW-Authenticate", b"Bearer")]
            raise Refused(401, "auth_error", "this needs the bearer token of mcp.http.auth", field)


def checked(inquiry: Inquiry) -> dict[str, str]:
    """The parameters of the query, by the names that clients know. Raises NotServed for others, and for wrong ones."""
    query = without_credentials(inquiry.query, google=True).decode("latin-1")
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST))
    except ValueError:
        raise wrong(f"the query has more than {MOST} parameters") from None
    if unknown := [name for name in given if name not in NAMES]:
        raise wrong(f"there is no parameter {unknown[0][:LONGEST]!r}; there are {', '.join(NAMES)}")
    mode(given, "citation_mode", MODES[0])
    truth(given, "include_reasoning")
    return given
