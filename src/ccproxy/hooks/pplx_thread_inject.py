"""`pplx_thread_inject`: the next turn of a conversation goes on with the thread that Perplexity has of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import WireFormat, get_header
from ccproxy.pipeline.failures import Refusal, Unfit
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject, Translated
from ccproxy.providers.perplexity.refusals import SiteError
from ccproxy.providers.perplexity.threads import newest, thread
from ccproxy.providers.perplexity.turns import Scope, account_of, digest_of, key_of, token_sent
from ccproxy.providers.provider import ProviderMap, token_in

if TYPE_CHECKING:
    from ccproxy.lightllm.events import Finish
    from ccproxy.lightllm.perplexity.said import Said
    from ccproxy.providers.perplexity.service import Service

SLUG = b"x-ccproxy-perplexity-thread-slug"
"""By this field of a request a client names the thread; by the same of an answer it is told of one."""
DIVERGENCE = b"X-CCProxy-Perplexity-Thread-Divergence"
IDS = {
    "slug": "thread_url_slug",
    "backend_uuid": "backend_uuid",
    "context_uuid": "context_uuid",
    "read_write_token": "read_write_token",
    "title": "thread_title",
}
"""What an exchange notes of its thread, and what the site calls it."""
SPACE = "target_collection_uuid"
BEGAN = "began"
"""What it notes beside them: a digest of the system prompts with which the thread began, if they are known."""
AT_ONCE = 1024 * 1024
"""Bytes of files that are digested on the event loop; more go to a thread."""

logger = logging.getLogger(__name__)


def goes_to_perplexity(subject: Subject) -> bool:
    """True for a question to a provider of this type."""
    is_question = subject.draft.format is WireFormat.PERPLEXITY and subject.translated is not None
    return is_question and service_of(subject) is not None


def service_of(subject: Subject) -> Service | None:
    """What the provider of a request has beside its answers, if that is Perplexity."""
    provider = subject.resources.get(ProviderMap, {}).get(subject.provider)
    service: Service | None = provider.perplexity if provider is not None else None
    return service


def question_of(subject: Subject) -> tuple[Service, Translated, dict[str, Any]]:
    """Whom a question is for, what it was made of, and its payload. Raises Unfit for what is none."""
    service = service_of(subject)
    payload = subject.draft.document() if subject.draft.format is WireFormat.PERPLEXITY else None
    if service is None or subject.translated is None or not isinstance(payload, dict):
        raise Unfit("not a question for Perplexity")
    return service, subject.translated, payload


def refusal(error: SiteError) -> Refusal:
    """What the client is told of it."""
    return Refusal(error.status, error.kind, error.message, error.retry_after)


@native_hook(
    "outbound",
    reads=["exchange.session", "exchange.credential"],
    writes=["query_str", "params.**"],
    guard=goes_to_perplexity,
    on_error="fail",
    patient=True,
)
async def pplx_thread_inject(subject: Subject) -> tuple[str, ...]:
    """Asks the last question only, in the conversation's thread: that which the client names, else the remembered one.

    Where there is none, the whole conversation is asked in a new thread, and that is remembered once it is answered.
    Raises Refusal for a thread that cannot be had, and, where that is configured, for one that says something else.
    """
    from ccproxy.lightllm.perplexity import follow_up, losses, own_fields, query, said

    service, translated, payload = question_of(subject)
    call = translated.call
    everything, former = (
        said.said_in(call) if said.size_of(call) <= AT_ONCE else await asyncio.to_thread(said.said_in, call)
    )
    space, is_kept = str(payload["params"].get(SPACE) or ""), not payload["params"].get("is_incognito")
    turn = Turn(subject, service, everything, former, query.instructions(call), space, is_kept)
    translated.on_finish = turn.remember
    slug = asked_for(subject)
    if why := own_fields.two_places(translated.document.get("pplx"), named=slug is not None):
        raise Refusal(400, "invalid_request", why)
    if payload["params"].get("query_source") != "home":  # a space has no follow-ups, and some clients see to them
        return ()
    found = turn.remembered() if slug is None else await turn.fetched(slug)
    if found is None:
        return ()
    if found.get(BEGAN) != turn.began:
        losses.count_instructions(call, translated.drops)
    subject.draft.replace(follow_up.follow(payload, found, query.question(call)))
    return ("query_str", "params")


def asked_for(subject: Subject) -> str | None:
    """The thread that the client names, if it does: in `metadata.session_id`, in `pplx.session_id` or in a field."""
    document = subject.translated.document if subject.translated is not None else {}
    for name in ("metadata", "pplx"):
        member = document.get(name)
        slug = member.get("session_id") if isinstance(member, dict) else None
        if isinstance(slug, str) and slug.strip():
            return slug.strip()
    field = get_header(subject.exchange.request.headers, SLUG) or b""
    return field.decode("utf-8", "replace").strip() or None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, and what is known of its thread."""

    subject: Subject
    service: Service
    everything: Said
    former: Said
    instructions: list[str]
    space: str
    is_kept: bool
    """Whether it may be remembered."""

    @property
    def began(self) -> str:
        """What a thread notes of these system prompts if it begins with them."""
        return digest_of(self.instructions)

    def remembered(self) -> dict[str, Any] | None:
        """The thread of what was said before, lent to this exchange. A conversation that only begins has none."""
        if not self.former.turns or not self.is_kept:
            return None
        key = self._key(self.former)
        found = self.service.memory.find(key, self.subject.exchange)
        return self._noted({name: found.get(name) for name in (*IDS, BEGAN)}, parent=key) if found is not None else None

    async def fetched(self, slug: str) -> dict[str, Any]:
        """The thread that the client names. Raises Refusal."""
        try:
            site_thread = await thread(self.service, slug)
            ids = newest(site_thread.entries)
        except SiteError as error:
            raise refusal(error) from error
        self._compare(site_thread.slug, len(site_thread.entries))
        return self._noted({name: ids.get(theirs) for name, theirs in IDS.items()} | {BEGAN: None}, parent=None)

    def remember(self, finish: Finish) -> None:
        """The answer is whole: where the thread ends now."""
        if not finish.thread or not self.is_kept:
            return
        exchange = self.subject.exchange
        key = self._key(self.everything.answered(str(finish.thread.get("answer") or "")))
        former = exchange.thread or {BEGAN: self.began}
        ids = {name: finish.thread.get(theirs) for name, theirs in IDS.items()} | {BEGAN: former.get(BEGAN)}
        self._noted(ids, parent=former.get("parent"), key=key)
        self.service.memory.keep(key, exchange.thread or {}, exchange.system_hash)

    def _key(self, said: Said) -> str:
        session = self.subject.exchange.session or ""
        if session == asked_for(self.subject):  # a thread's name, which may be left out next time
            session = ""
        scope = Scope(self.service.provider.name, session, self._account(), self.space, self.instructions)
        return key_of(scope, said.turns, said.files)

    def _account(self) -> str:
        """Whose session the question has been sent with, or is to be sent with: another may have been found since."""
        return account_of(token_sent(self.subject.exchange) or token_in(self.subject.credential or []))

    def _noted(self, ids: dict[str, Any], **keys: str | None) -> dict[str, Any]:
        self.subject.exchange.thread = {"provider": self.service.provider.name, **keys, **ids}
        return ids

    def _compare(self, slug: str, held: int) -> None:
        """Whether the thread has as many questions as the client. Raises Refusal where that is asked for."""
        mode, asked = self.service.settings.thread.consistency_mode, self.former.questions
        if mode == "ignore" or asked == held:
            return
        message = f"the thread {slug} has {held} questions, and the conversation {asked} before its last"
        if mode == "strict":
            advice = "send the whole conversation, or name no thread, or set pplx.thread.consistency_mode: warn"
            raise Refusal(409, "pplx_thread_diverged", f"{message}: {advice}")
        logger.warning("exchange %s: %s", self.subject.exchange.id, message)
        self.subject.told.append((DIVERGENCE, f"thread={held}, conversation={asked}".encode()))
