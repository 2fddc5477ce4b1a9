"""Models that are out of capacity: which, when, and what each vendor says of it.

Google: google.rpc.ErrorInfo and RetryInfo (https://cloud.google.com/apis/design/errors) with the reasons and the domain
by which gemini-cli tells them apart (packages/core/src/utils/googleQuotaErrors.ts).
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import Any

from .dialect import Dialect
from .errors import GOOGLE_TYPES, Trouble, retry_info
from .reply import Headers

DOMAIN = "cloudcode-pa.googleapis.com"
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
MESSAGES = {
    429: "No capacity is available for {model} at the moment.",
    500: "Internal error encountered.",
    503: "The model is overloaded. Please try again later.",
}
ORDER = re.compile(
    r"(\*|[\w.:/@-]{1,200}\*?)(?:[ \t]+([45]\d\d)\b)?(?:[ \t]+(-(?!\S)|\d{1,9}(?:\.\d{1,9})?(?:ms|[smh])\b))?"
)
"""A model, a status and a delay, as prompts give them."""
STATUS, DELAY = 429, "1s"
SPENT = "The quota of {model} is used up."


@dataclass(frozen=True, slots=True)
class Busy:
    """Which model is out of capacity, and how that is told.

    Args:
        model: its name, or a prefix with `*`.
        status: the HTTP status.
        delay: after which time to come again, with its unit (ms, s, m, h); None to leave that open.
        first: a stream begins, and the error is its first event.
        spent: the quota is used up, and nothing is gained by waiting.
    """

    model: str = "*"
    status: int = STATUS
    delay: str | None = DELAY
    first: bool = False
    spent: bool = False

    def means(self, model: str) -> bool:
        """Whether a model is out of capacity."""
        return model.startswith(self.model[:-1]) if self.model.endswith("*") else model == self.model


def ordered(text: str) -> Busy | None:
    """What the beginning of `text` orders; None if it names no model. A full stop behind the name is the sentence's."""
    found = ORDER.match(text)
    if found is None:
        return None
    delay = None if found[3] == "-" else found[3] or DELAY
    return Busy(found[1].rstrip(".:"), int(found[2] or STATUS), delay)


class Rush:
    """A share of the calls, drawn in the order of their arrival, finds its model out of capacity."""

    def __init__(self, share: float, seed: int = 0, busy: Busy | None = None) -> None:
        self._share, self._busy = share, busy or Busy(delay="0.05s")
        self._dice = random.Random(seed)  # noqa: S311

    def draw(self, model: str) -> Busy | None:
        """What the next call finds; None where it is answered. Models that are not meant are always answered."""
        if not self._busy.means(model):
            return None
        return self._busy if self._dice.random() < self._share else None


def trouble(busy: Busy, model: str, dialect: Dialect) -> Trouble:
    """The error. Google tells in the body how long to wait, the others in a header field."""
    if busy.spent:
        message, kind = SPENT.format(model=model), "insufficient_quota"
        return Trouble(429, message, code=kind, kind=kind, details=[_reason("QUOTA_EXHAUSTED", model)])
    details = [_reason("RATE_LIMIT_EXCEEDED", model)] if busy.status == 429 else []
    headers: Headers = []
    if busy.delay is not None:
        details.append(retry_info(busy.delay))
        headers += [] if dialect is Dialect.GOOGLE else [(b"retry-after", b"%d" % math.ceil(seconds(busy.delay)))]
    message = MESSAGES.get(busy.status, MESSAGES[503]).format(model=model)
    return Trouble(busy.status, message, headers=headers, details=details)


def _reason(reason: str, model: str) -> dict[str, Any]:
    return {"@type": f"{GOOGLE_TYPES}ErrorInfo", "reason": reason, "domain": DOMAIN, "metadata": {"model": model}}


def seconds(delay: str) -> float:
    """A time with its unit, in seconds.

    Raises:
        ValueError: if it is none.
    """
    number = delay.rstrip("hms")
    if (unit := delay.removeprefix(number)) not in SECONDS:
        raise ValueError(f"{delay!r} is no number of {', '.join(SECONDS)}")
    return float(number) * SECONDS[unit]
