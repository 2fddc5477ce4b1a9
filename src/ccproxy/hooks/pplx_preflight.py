"""`pplx_preflight`: the page of a question is looked at before the question is asked, as a browser does."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote_plus

from ccproxy.hooks.pplx_thread_inject import goes_to_perplexity, question_of, refusal
from ccproxy.pipeline.failures import Refusal
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.perplexity.headers import Reason
from ccproxy.providers.perplexity.refusals import SiteError

PAGE = "/search/new"
LONGEST = 6000
"""Bytes of a question in a URL. Servers refuse lines of 8 KiB and more."""


@native_hook("outbound", reads=["query_str"], writes=[], guard=goes_to_perplexity, patient=True)
async def pplx_preflight(subject: Subject) -> tuple[str, ...]:
    """Asks for the page first: without that the answer may be empty. If it fails, the question is asked all the same.

    It waits `pplx.search.preflight_timeout_seconds` at most. Once more, where the session turns out to have ended and
    there is another. Raises Refusal.
    """
    service, translated, payload = question_of(subject)
    seconds = service.settings.search.preflight_timeout_seconds

    async def looked_at() -> None:
        query = {"q": beginning(str(payload["query_str"]))}
        try:
            await service.site.visit(PAGE, query=query, reason=Reason.ASK, seconds=seconds)
        except SiteError as error:
            raise refusal(error) from error

    async def once_more() -> None:  # the page was another session's, or nobody's
        with suppress(Refusal):
            await looked_at()

    translated.on_renewed = once_more
    await looked_at()
    return ()


def beginning(question: str) -> str:
    """As much of a question as a URL can hold."""
    room = LONGEST
    for place, character in enumerate(question[:LONGEST]):
        room -= len(quote_plus(character, errors="replace"))
        if room < 0:
            return question[:place]
    return question[:LONGEST]
