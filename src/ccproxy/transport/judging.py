"""What an answer comes to, with as little of it read as that takes."""

from __future__ import annotations

from dataclasses import replace

from ccproxy.exchange import get_header
from ccproxy.transport.capacity import GOOD, NO_ANSWER, Verdict, of_answer, of_message, of_status
from ccproxy.transport.carrier import Incoming
from ccproxy.transport.google_errors import is_error
from ccproxy.transport.held import LOOKED_AT, Held
from ccproxy.transport.upstream import CapacityPolicy

EVENTS = "text/event-stream"
JSON = ("/json", "+json")
"""How the names of its media types end."""


async def judged(incoming: Incoming, policy: CapacityPolicy) -> tuple[Incoming, Verdict]:
    """An answer, and what it comes to. What had to be read for that comes once more."""
    status, media = incoming.status, media_type(incoming)
    if status not in policy.statuses and status != 200:
        return incoming, of_status(status)
    held = Held(incoming)
    if status != 200:
        return held, await _of_error(held, policy)
    if media == EVENTS:
        return held, await _of_stream(held, policy)
    if media.endswith(JSON):
        return held, await _of_document(held, policy)
    return incoming, NO_ANSWER if media else GOOD


async def _of_error(held: Held, policy: CapacityPolicy) -> Verdict:
    if not await held.take_all(LOOKED_AT, policy.patience):
        return of_status(held.status)
    if held.is_broken and is_error(held.text):
        held.end()
    return of_answer(held.status, held.headers, held.text, policy)


async def _of_stream(held: Held, policy: CapacityPolicy) -> Verdict:
    verdict = of_message(await held.first_event(policy.patience), held.headers, policy)
    if verdict.is_short and not await held.take_all(LOOKED_AT, policy.patience):
        return replace(verdict, is_short=False)
    if verdict.is_short and held.is_broken:
        held.end()
    return verdict


async def _of_document(held: Held, policy: CapacityPolicy) -> Verdict:
    """Of a body that ought to be an answer: nearly always its first bytes show that it is one."""
    if not await held.opens_error(policy.patience) or not await held.take_all(LOOKED_AT, policy.patience):
        return GOOD
    verdict = of_message(held.text, held.headers, policy)
    if verdict.said and held.is_broken:
        held.end()
    return verdict


def media_type(incoming: Incoming) -> str:
    """The media type of an answer's body in lower case, without parameters; empty if none is told."""
    told = get_header(incoming.headers, b"content-type") or b""
    return told.partition(b";")[0].strip().lower().decode("latin-1")
