"""The times of an entry (HAR 1.2 §timings): milliseconds, none negative but for -1, which says that there was none."""

from __future__ import annotations

from dataclasses import dataclass

from ccproxy.exchange import Exchange

NONE = -1

type Moments = tuple[float, float, float]


@dataclass(slots=True, frozen=True)
class Times:
    """Four moments of a request, seconds since the epoch, in order, and how long it waited before its last attempt."""

    began: float
    sent: float
    answered: float
    ended: float
    blocked: float = 0.0
    """Seconds between `began` and the attempt that was sent last."""

    @property
    def total(self) -> float:
        """Milliseconds from the beginning to the end: the sum of the parts."""
        return round(sum(part for part in self.told().values() if part > 0), 3)

    def told(self) -> dict[str, float]:
        """The `timings` member. Names were looked up and connections made outside of what is recorded: -1."""
        begun = self.began + self.blocked
        return {
            "blocked": _milliseconds(self.blocked) if self.blocked > 0 else NONE,
            "dns": NONE,
            "connect": NONE,
            "ssl": NONE,
            "send": _milliseconds(self.sent - begun),
            "wait": _milliseconds(self.answered - self.sent),
            "receive": _milliseconds(self.ended - self.answered),
        }


def provider_times(ex: Exchange) -> Times:
    """From the first attempt to the provider's last byte; no time at all for what was not forwarded."""
    times, tries = ex.timings, ex.attempts
    began = tries[0].started if tries else times.received or times.started
    if ex.forwarded is None:
        return Times(began, began, began, began)
    begun = max(began, tries[-1].started) if tries else began
    answered = times.headers if ex.provider_response else None
    return Times(began, *_in_order(begun, times.sent, answered, times.finished), begun - began)


def client_times(ex: Exchange) -> Times:
    """From the client's first byte to its last: it waits until there is something of the answer."""
    times = ex.timings
    answered = times.first_byte or times.headers
    return Times(times.started, *_in_order(times.started, times.received, answered, times.finished))


def _in_order(begun: float, sent: float | None, answered: float | None, ended: float | None) -> Moments:
    """The moments, none before the one that it follows. Without an answer it was waited for until the end."""
    last_sent = max(begun, sent or begun)
    last_answered = max(last_sent, answered or ended or last_sent)
    return last_sent, last_answered, max(last_answered, ended or last_answered)


def _milliseconds(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1000, 3)
