"""What flows took and cost, summed up by whatever they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ccproxy.flows.selection import conversation_of, host_of, model_of
from ccproxy.flows.usage.cost import cost_of, text

type Summary = Mapping[str, Any]
type Key = tuple[str | None, ...]

TOKENS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
"""Members of a summary's `usage` that are summed up."""

QUESTIONS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods by which a path that names a model asks about it (`GET /v1/models/gpt-5`)."""
WEBSOCKET = 101


@dataclass(slots=True)
class Spending:
    """Of some flows. Times in ISO 8601 (UTC)."""

    requests: int = 0
    failures: int = 0
    """Requests with an error or a status of 400 and above."""
    tokens: Counter[str] = field(default_factory=Counter)
    """By the names in TOKENS."""
    usd: Decimal = Decimal(0)
    priced: int = 0
    """Requests that took tokens and have a known price, even if that is 0."""
    unpriced: Counter[str] = field(default_factory=Counter)
    """Requests that took tokens without a known price, by model."""
    first: str | None = None
    last: str | None = None
    """When the first and the last of them began."""

    def add(self, flow: Summary, amount: Decimal | None) -> None:
        """Counts a flow in; `amount` is what it cost in US dollars, None if that is not known."""
        self.requests += 1
        self.failures += bool(flow.get("error")) or (_number(flow.get("status")) >= 400)
        self._note_time(flow.get("time"))
        usage = flow.get("usage")
        if not isinstance(usage, Mapping):
            return
        self.tokens.update({name: _number(usage.get(name)) for name in TOKENS})
        if amount is not None:
            self.usd += amount
            self.priced += 1
        elif any(_number(usage.get(name)) for name in TOKENS):
            self.unpriced[model_of(flow) or "?"] += 1

    def as_json(self) -> dict[str, Any]:
        """With the amount as a decimal number in text, exact; null if nothing has a known price."""
        return {
            "requests": self.requests,
            "failures": self.failures,
            **{name: self.tokens[name] for name in TOKENS},
            "cost_usd": text(self.usd) if self.priced else None,
            "unpriced": self.unpriced.total(),
            "first": self.first,
            "last": self.last,
        }

    def _note_time(self, time: Any) -> None:
        if isinstance(time, str):
            self.first = min(self.first or time, time)
            self.last = max(self.last or time, time)


def is_counted(flow: Summary) -> bool:
    """Whether a flow is a request to a model: it names one and is no question about it, or its answer tells tokens."""
    if isinstance(flow.get("usage"), Mapping):
        return True
    asks_about = flow.get("method") in QUESTIONS and flow.get("status") != WEBSOCKET
    return isinstance(flow.get("model"), str) and not asks_about


def spent(flows: Iterable[Summary], by: Sequence[str]) -> tuple[dict[Key, Spending], Spending]:
    """The spending by these keys (names in KEYS), and of all together; of requests to models only.

    Groups of time are in its order, others the dearest first, or where prices do not tell, the largest.
    """
    groups: dict[Key, Spending] = {}
    outer: dict[Key, Spending] = {}
    total = Spending()
    for flow in filter(is_counted, flows):
        key = tuple(KEYS[name](flow) for name in by)
        amount = _usd(flow.get("cost") or cost_of(flow))
        for one in (groups.setdefault(key, Spending()), outer.setdefault(key[:1], Spending()), total):
            one.add(flow, amount)

    def rank(key: Key) -> Any:
        return (_rank(by[0], key[0], outer[key[:1]]), _rank(by[-1], key[-1], groups[key]))

    return {key: groups[key] for key in sorted(groups, key=rank)}, total


def _rank(name: str, key: str | None, own: Spending) -> Any:
    if name in CHRONOLOGICAL:
        return (own.first or "", key or "")
    return (-own.usd, -own.tokens.total(), key or "")


def _provider(flow: Summary) -> str | None:
    return _text(flow.get("provider")) or _text(host_of(flow))


def _client(flow: Summary) -> str | None:
    """The name, without version, of a User-Agent's first product; else the program that a jail runs."""
    agent = _text(flow.get("user_agent"))
    if agent and agent.split():
        return agent.split()[0].partition("/")[0]
    process = flow.get("process")
    command = process.get("command") if isinstance(process, Mapping) else None
    return str(command[0]).rpartition("/")[2] if isinstance(command, Sequence) and command else None


def _moment(format: str) -> Callable[[Summary], str | None]:
    def key(flow: Summary) -> str | None:
        try:
            return datetime.fromisoformat(flow["time"]).astimezone().strftime(format)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None

    return key


def _member(name: str) -> Callable[[Summary], str | None]:
    return lambda flow: _text(flow.get(name))


KEYS: dict[str, Callable[[Summary], str | None]] = {
    "flow": _member("id"),
    "session": _member("session"),
    "conversation": conversation_of,
    "model": model_of,
    "provider": _provider,
    "client": _client,
    "jail": _member("jail"),
    "day": _moment("%Y-%m-%d"),
    "hour": _moment("%Y-%m-%d %H:00"),
}
"""What flows can be summed up by. Days and hours are those of local time; the model is the one that answered."""
CHRONOLOGICAL = frozenset({"flow", "day", "hour"})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def _usd(cost: Any) -> Decimal | None:
    try:
        amount = Decimal(cost["usd"])
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None
    return amount if amount.is_finite() else None
