"""A call to a provider with a capacity policy: where that is out of capacity, the call is made again, after a pause or
to another model. Nothing of an answer has gone on before it is final, and nothing is tried again after that.
"""

from __future__ import annotations

from ccproxy.exchange import Attempt, Failure, HttpRequest
from ccproxy.transport.capacity import Course, Step, Verdict, of_silence
from ccproxy.transport.carrier import Incoming, TransportError
from ccproxy.transport.clock import Clock
from ccproxy.transport.delivery import Delivery, Walk, with_credential
from ccproxy.transport.held import Held
from ccproxy.transport.judging import judged
from ccproxy.transport.leftovers import remains, secrets, tell
from ccproxy.transport.pauses import spoken
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import CapacityPolicy


class Walking:
    """Makes one call. Each time `sending` sees it through: connections, credentials, other statuses."""

    def __init__(self, sending: Sending, policy: CapacityPolicy, delivery: Delivery, walk: Walk, clock: Clock) -> None:
        self._sending, self._policy, self._delivery, self._walk = sending, policy, delivery, walk
        self._clock = clock
        self._course = Course(policy, walk.model, clock.chance, may_change=walk.with_model is not None)
        self._model, self._request = walk.model, delivery.request
        self._fields = delivery.credential.fields if delivery.credential is not None else []
        """Of the credential in `_request`."""

    async def run(self) -> Incoming:
        """The final answer: if nothing has helped, the last one of the model that was asked for, unchanged. Raises
        TransportError if the first attempt has none."""
        answer, verdict = await self._ask()
        began = self._clock.steady()
        while not self._course.is_final(verdict):
            step = self._course.after(verdict, self._clock.steady() - began)
            if step.stop:
                self._note(f"{verdict.said}, and nothing more is tried: {step.stop}")
                self._walk.model, self._delivery.request = self._model, self._original()
                return self._last
            if self._attempt is self._delivery.attempts[-1]:  # with the credential that it was asked with
                self._tell(self._attempt, self._last, self._last.beginning)
            await self._go(step, verdict)
            answer, verdict = await self._ask_again()
        return answer

    async def _ask(self) -> tuple[Incoming, Verdict]:
        incoming = await self._sending.run()
        attempt = self._delivery.attempts[-1]
        try:
            answer, verdict = await judged(incoming, self._policy)
        except BaseException as error:
            incoming.close()
            if isinstance(error, TransportError):
                attempt.failure = Failure(error.kind, str(error))
            raise
        if isinstance(answer, Held) and verdict.is_short and not self._course.walks:
            self._last, self._attempt = answer, attempt
        return answer, verdict

    async def _ask_again(self) -> tuple[Incoming, Verdict]:
        try:
            answer, verdict = await self._ask()
        except TransportError as error:
            return self._last, of_silence(error.kind)
        if self._course.walks and not self._course.is_final(verdict):
            self._tell(self._delivery.attempts[-1], answer, await remains(answer))
        return answer, verdict

    async def _go(self, step: Step, verdict: Verdict) -> None:
        """Up to the next attempt."""
        walk, attempt = self._walk, self._delivery.attempts[-1]
        if step.model is not None and walk.with_model is not None:
            self._note(f"{verdict.said}: {step.model} is asked instead")
            walk.model, self._delivery.request = step.model, walk.with_model(self._original(), step.model)
            return
        before = attempt.note
        self._note(f"{verdict.said}: to be asked again in {spoken(step.pause)}")
        await self._clock.sleep(step.pause)
        attempt.note = before
        self._note(f"{verdict.said}: asked again after {spoken(step.pause)}")

    def _original(self) -> HttpRequest:
        """The request for the model that was asked for, with the credential that holds now."""
        credential = self._delivery.credential
        if credential is not None and credential.fields is not self._fields:
            self._request.headers = with_credential(self._request.headers, self._fields, credential.fields)
            self._fields = credential.fields
        return self._request

    def _note(self, words: str) -> None:
        attempt = self._delivery.attempts[-1]
        attempt.note = f"{attempt.note}; {words}" if attempt.note else words

    def _tell(self, attempt: Attempt, answer: Incoming, body: bytes) -> None:
        tell(attempt, answer.headers, body, secrets(self._delivery.credential))
