"""Errors of questions to Perplexity's web application, with what can be done about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccproxy.gateway.translation.new_thread import GONE, goes_on
from ccproxy.lightllm.perplexity.errors import EMPTY_CODE
from ccproxy.providers.perplexity.refusals import ADVICE, SIGN_IN, advised, redacted, sentence
from ccproxy.providers.perplexity.turns import token_sent

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange, HookResult
    from ccproxy.lightllm.events import WireError

WARM_UP = "pplx_preflight"
OFF = {"override": "the request switched it off (x-ccproxy-hooks)"}
"""Why the hook did not run, where its result says so in a word."""
FORGOTTEN = "the thread that was remembered for this conversation is forgotten now: ask again, and a new one begins"


@dataclass(frozen=True, slots=True)
class Explaining:
    """For one exchange; `name` is the provider's."""

    name: str
    exchange: Exchange

    def answer(self, error: WireError, status: int, *, page: bool) -> WireError:
        """The error of an answer with this status; its message is empty where the site says nothing."""
        error = self._hidden(error)
        told = sentence(status, "the question", error.message, self.name, page=page)
        return replace(error, message=told if page else self._with_thread(told, status))

    def event(self, error: WireError) -> WireError:
        """The error of an event, or of a stream that says nothing."""
        error = self._hidden(error)
        if error.code == EMPTY_CODE:
            return replace(error, message=f"Perplexity ended its stream without an answer: {self._emptiness}")
        if error.status not in ADVICE.keys() | GONE:
            return error
        told = advised(f"Perplexity says: {error.message}", error.status, self.name)
        return replace(error, message=self._with_thread(told, error.status))

    def _hidden(self, error: WireError) -> WireError:
        """Without the session, where the site repeats it."""
        secrets = [token_sent(self.exchange)]
        code = redacted(error.code, secrets) if error.code else error.code
        return replace(error, message=redacted(error.message, secrets), type=redacted(error.type, secrets), code=code)

    def _with_thread(self, told: str, status: int) -> str:
        return f"{told}; {FORGOTTEN}" if status in GONE and goes_on(self.exchange) else told

    @property
    def _emptiness(self) -> str:
        """Why there may be no answer: the page of a question is to be looked at before."""
        result = next((each for each in reversed(self.exchange.hooks) if each.name == WARM_UP), None)
        if result is not None and result.outcome == "ran":
            return f"its session may have ended, so {SIGN_IN.format(name=self.name)} ({WARM_UP} did what it has to)"
        return f"{WARM_UP}, which looks at the question's page before, {lack_of(result)}"


def lack_of(result: HookResult | None) -> str:
    """How a hook has done nothing."""
    if result is None:
        return "is switched off (hooks.disabled)"
    if result.outcome == "failed":
        return f"failed: {result.reason}"
    return f"did not run: {OFF.get(result.reason, result.reason)}"
