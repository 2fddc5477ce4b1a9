"""The steps of an exchange, in order.

record, local routes, inbound hooks, route, translate, outbound hooks, seal, transport, response hooks, relay. A front
hands in an `Exchange` whose request is whole and gets a `Reply`; everything that can go wrong becomes an answer in the
client's dialect.
"""

from __future__ import annotations

import asyncio
import logging
import time

from ccproxy.exchange import (
    Exchange,
    Failure,
    HttpResponse,
    Route,
    WireFormat,
    get_header,
    reason_phrase,
)
from ccproxy.gateway.capacity import note_answer, walk_of, with_answered
from ccproxy.gateway.collected import gathered, wants_one_response, with_type
from ccproxy.gateway.errors import Refused, error_body
from ccproxy.gateway.forwarding import Forwarding
from ccproxy.gateway.hooked.answering import HookedAnswer
from ccproxy.gateway.injection import names_of
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.leaving import SHUTDOWN, SHUTDOWN_STATUS, may_tell, why
from ccproxy.gateway.local_answer import local_reply
from ccproxy.gateway.local_routes import LocalRoutes
from ccproxy.gateway.origin_check import refuse_foreign_origin
from ccproxy.gateway.plan import Plan
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.relay import Relay
from ccproxy.gateway.reply import Reply, with_left_out, with_told
from ccproxy.gateway.router import Router
from ccproxy.gateway.seal import client_headers
from ccproxy.gateway.stages import HookRun, Stages
from ccproxy.gateway.translation.answer import Answering
from ccproxy.gateway.translation.new_thread import has_lost_its_thread
from ccproxy.gateway.translation.request import begin
from ccproxy.gateway.translation.response_store import ResponseStore
from ccproxy.gateway.translation.stored import answer_stored, asks_for_stored
from ccproxy.gateway.tunnel import RelayTunnel
from ccproxy.gateway.unwrapped import unwrapped
from ccproxy.gateway.upgrades import opened, refuse_unfit
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.failures import HookFailed, Refusal
from ccproxy.pipeline.subject import LocalAnswer
from ccproxy.providers.provider import NoCredential
from ccproxy.transport.carrier import Incoming, OnInterim, TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.transport import Transport

logger = logging.getLogger(__name__)

WHOLE_LIMIT = 32 * 1024 * 1024
"""Longer answers are relayed as they come, whatever they are."""
STOPPED = Refused(SHUTDOWN_STATUS, SHUTDOWN.kind, SHUTDOWN.message)


class Gateway:
    """Handles exchanges of any front."""

    def __init__(
        self, local: LocalRoutes, router: Router, stages: Stages, transport: Transport, recorder: Recorder
    ) -> None:
        self._local, self._router, self._stages = local, router, stages
        self._transport, self._recorder = transport, recorder
        self._responses = ResponseStore()

    async def handle(self, exchange: Exchange, on_interim: OnInterim | None = None) -> Reply:
        """Takes one exchange all the way. Never raises but for cancellation, when the client has gone; one that
        is cut off because ccproxy stops is answered.

        Args:
            exchange: its request is whole.
            on_interim: told of the provider's interim answers, which come before the reply.
        """
        self._recorder.begin(exchange)
        inquiry = Inquiry(exchange)
        inquiry.on_interim = on_interim
        exchange.format = inquiry.endpoint.format if inquiry.endpoint is not None else None
        try:
            reply = await self._handle(exchange, inquiry)
            if exchange.answered_model is not None:
                reply = with_answered(reply, exchange.answered_model)
            if inquiry.told:
                reply = with_told(reply, inquiry.told)
            return with_left_out(reply, inquiry.left_out) if inquiry.left_out else reply
        except Refused as refusal:
            return self.refuse(exchange, refusal, inquiry.dialect)
        except TransportError as error:
            return self.refuse(exchange, Refused(error.status, error.kind, str(error)), inquiry.dialect)
        except HookFailed as failed:
            return self.refuse(exchange, refusal_of(failed), inquiry.dialect)
        except asyncio.CancelledError:
            if may_tell():
                return self.refuse(exchange, STOPPED, inquiry.dialect)
            self._recorder.finish(exchange, why())
            raise
        except Exception as error:
            logger.exception("exchange %s failed inside ccproxy", exchange.id)
            message = f"ccproxy failed on this request: {error!r} (see its log)"
            return self.refuse(exchange, Refused(500, "internal", message), inquiry.dialect)

    def reject(self, exchange: Exchange, refusal: Refused) -> Reply:
        """Answers a request that never became whole: the front says why."""
        self._recorder.begin(exchange)
        return self.refuse(exchange, refusal, Inquiry(exchange).dialect)

    def refuse(self, exchange: Exchange, refusal: Refused, dialect: WireFormat) -> Reply:
        """Answers with an error of our own, and records why."""
        body = error_body(dialect, refusal.status, refusal.kind, refusal.message)
        headers = [(b"Content-Type", b"application/json"), *refusal.headers]
        record = HttpResponse(refusal.status, headers, reason_phrase(refusal.status), [body], complete=True)
        exchange.response = record
        self._recorder.finish(exchange, Failure(refusal.kind, refusal.message))
        return Reply(refusal.status, headers, body, record.reason)

    async def _handle(self, exchange: Exchange, inquiry: Inquiry) -> Reply:
        if exchange.front == "reverse":
            refuse_foreign_origin(inquiry.fields)
        answer = self._local.find(inquiry)
        if answer is not None:
            given_locally = answer(inquiry)
            local = given_locally if isinstance(given_locally, Reply) else await given_locally
            return self._answer_locally(exchange, local)
        run = self._stages.begin(inquiry)
        given = await run.inbound(inquiry)
        if given is not None:
            return self._answer_given(exchange, inquiry, given)
        plan = self._router.route(inquiry)
        exchange.route = plan.route
        if plan.translate is not None:
            inquiry.on_interim = None  # what they say is of an answer that the client will not see
            return await self._translate(exchange, inquiry, plan, run)
        refuse_unfit(inquiry, plan, run)
        one_response = wants_one_response(inquiry, plan)
        forwarded = await Forwarding(inquiry, plan, run).same()
        if isinstance(forwarded, LocalAnswer):
            return self._answer_given(exchange, inquiry, forwarded)
        exchange.forwarded = forwarded
        hooks = run.response(inquiry, plan)
        incoming = await self._send(inquiry, plan, inquiry.draft)
        if one_response:
            incoming = await gathered(incoming, exchange, self._recorder)
        incoming = await unwrapped(incoming, inquiry, plan, self._recorder)
        reply = await HookedAnswer(hooks, inquiry, self._recorder).receive(incoming) if hooks is not None else None
        return reply or await self._receive(exchange, inquiry, incoming)

    async def _send(self, inquiry: Inquiry, plan: Plan, draft: Draft) -> Incoming:
        exchange, walk = inquiry.exchange, walk_of(inquiry, plan, draft)
        forwarded = exchange.forwarded
        assert forwarded is not None
        exchange.timings.sent = time.time()
        delivery = Delivery(
            plan.origin,
            forwarded,
            plan.provider.name if plan.provider is not None else None,
            inquiry.injected,
            inquiry.on_interim,
            attempts=exchange.attempts,
            walk=walk,
        )
        try:
            incoming = await opened(inquiry, plan, self._transport.send(delivery))
        finally:
            exchange.forwarded = delivery.request
            if len(exchange.attempts) > 1:  # another credential may have other fields
                exchange.credential_headers = names_of(inquiry.injected)
        exchange.timings.headers = time.time()
        if walk is not None:
            note_answer(inquiry, plan, walk, draft, incoming.status)
        return with_type(incoming, inquiry, plan)

    async def _translate(
        self, exchange: Exchange, inquiry: Inquiry, plan: Plan, run: HookRun, *, again: bool = True
    ) -> Reply:
        assert plan.translate is not None
        if asks_for_stored(inquiry):
            return self._answer_locally(exchange, answer_stored(inquiry, self._responses))
        translation = await begin(inquiry, plan, self._responses)
        hooks = run.response(inquiry, plan)
        answering = Answering(translation, exchange, self._recorder, self._responses, hooks)
        if plan.local:
            return answering.estimated()
        forwarded = await Forwarding(inquiry, plan, run).translated(translation)
        if isinstance(forwarded, LocalAnswer):
            return self._answer_given(exchange, inquiry, forwarded)
        exchange.forwarded = forwarded
        incoming = await self._send(inquiry, plan, translation.draft)
        if again and exchange.thread is not None and await has_lost_its_thread(inquiry, plan, incoming):
            return await self._translate(exchange, inquiry, plan, run, again=False)
        return await answering.receive(incoming)

    def _answer_given(self, exchange: Exchange, inquiry: Inquiry, answer: LocalAnswer) -> Reply:
        exchange.route = Route("local", None, None, None, f"answered by the hook {answer.by}")
        return self._answer_locally(exchange, local_reply(answer, inquiry))

    def _answer_locally(self, exchange: Exchange, answer: Reply) -> Reply:
        assert isinstance(answer.body, bytes)
        reason = reason_phrase(answer.status)
        record = HttpResponse(answer.status, answer.headers, reason, [answer.body], complete=True)
        exchange.route = exchange.route or Route("local", None, None, None, "answered by ccproxy itself")
        exchange.response = record
        self._recorder.finish(exchange)
        return answer

    async def _receive(self, exchange: Exchange, inquiry: Inquiry, incoming: Incoming) -> Reply:
        if incoming.status == 101:
            if not inquiry.upgrade:
                incoming.close()
                raise TransportError("protocol", "the provider switched protocols although nobody asked it to")
            tunnel = RelayTunnel(exchange, incoming, self._recorder)
            return Reply(101, incoming.headers, reason=incoming.reason, tunnel=tunnel)
        relay = Relay(exchange, inquiry.dialect, incoming, self._recorder)
        whole = await relay.read(WHOLE_LIMIT) if arrives_whole(inquiry, incoming) else None
        body = relay if whole is None else whole
        return Reply(incoming.status, client_headers(incoming.headers), body, incoming.reason)


def arrives_whole(inquiry: Inquiry, incoming: Incoming) -> bool:
    """True for an answer of no use before its last byte, JSON that is not a stream: it can still become an error."""
    if not (get_header(incoming.headers, b"content-type") or b"").startswith(b"application/json"):
        return False
    if inquiry.endpoint is not None and inquiry.endpoint.streams and incoming.status < 400:
        return False
    length = get_header(incoming.headers, b"content-length")
    return length is None or int(length) <= WHOLE_LIMIT


def refusal_of(failed: HookFailed) -> Refused:
    """What a client is told of a hook without which its request may not go on."""
    cause = failed.__cause__
    if isinstance(cause, Refused):
        return cause
    if isinstance(cause, Refusal):
        wait = [(b"retry-after", cause.retry_after.encode("latin-1"))] if cause.retry_after is not None else []
        return Refused(cause.status, cause.kind, cause.message, wait)
    if isinstance(cause, NoCredential):
        return Refused(401, "credential", str(cause))
    logger.error("%s", failed, exc_info=cause)
    return Refused(500, "hook_failed", f"{failed} (see ccproxy's log)")
