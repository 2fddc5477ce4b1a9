"""What a flow cost by the provider's list prices, in US dollars.

The prices are those bundled with the installed genai-prices; nothing is fetched. A flow is priced as of its own time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, PriceContext

    from ccproxy.flows.usage.prices import Listed

type Summary = Mapping[str, Any]

LONGEST_NAME = 200
"""Characters: what is longer names no model."""
REMEMBERED = 512
"""Models whose prices are kept at hand."""

MILLION, THOUSAND = Decimal(1_000_000), Decimal(1_000)
NOTHING = Decimal(0)

CONTEXTS: Mapping[str, PriceContext] = {
    "fast": {"speed": "fast", "service_tier": "fast"},
    "priority": {"service_tier": "priority"},
    "flex": {"service_tier": "flex"},
    "batch": {"processing": "batch"},
}
"""A tier of `Usage` as genai-prices has it."""


def cost_of(summary: Summary) -> dict[str, str] | None:
    """The cost of a flow by its summary: `usage`, `url`, `time`, and `answered_model`, or where that has no price,
    `dest_model` or else `model`.

    Amounts are decimal numbers as text, exact: `usd` is the sum of `input`, `output`, `cache_read`, `cache_write` and
    `other` (searches and requests that are charged by the piece). `model` and `provider` are the names of the price
    list's entry. None without usage and where no price is known. Never raises.
    """
    usage, url = summary.get("usage"), summary.get("url")
    when = _time(summary.get("time"))
    if not isinstance(usage, Mapping) or not isinstance(url, str) or when is None:
        return None
    models = (summary.get("answered_model"), summary.get("dest_model") or summary.get("model"))
    listed = next((found for each in models if (found := _known(each, url.partition("?")[0]))), None)
    if listed is None:
        return None
    amounts = _amounts(listed.at(when, CONTEXTS.get(str(usage.get("tier", "")))), _counts(usage))
    if amounts is None:
        return None
    told = {name: text(amount) for name, amount in amounts.items()}
    return {"usd": text(sum(amounts.values(), NOTHING)), **told, "model": listed.model, "provider": listed.provider}


def text(amount: Decimal) -> str:
    """An amount without exponent and without needless zeros: `0.01275`, `0`."""
    return f"{amount.normalize():f}"


def _known(model: Any, url: str) -> Listed | None:
    return _listed(model, url) if isinstance(model, str) and len(model) <= LONGEST_NAME else None


@lru_cache(REMEMBERED)
def _listed(model: str, url: str) -> Listed | None:
    from ccproxy.flows.usage.prices import find  # its library takes 0.15 s and 20 MB

    return find(model, url)


class _Counts(dict[str, int]):
    """Numbers of a usage object by name; what is missing, or no number, is 0."""

    def __missing__(self, name: str) -> int:
        return 0


def _counts(usage: Mapping[str, Any]) -> _Counts:
    return _Counts({name: count for name, count in usage.items() if type(count) is int and count >= 0})


def _amounts(price: ModelPrice, counts: _Counts) -> dict[str, Decimal] | None:
    """US dollars by what they are for. None for a model that is not sold by the token."""
    taken, made = counts["input_tokens"], counts["output_tokens"]
    read, written = counts["cache_read_input_tokens"], counts["cache_creation_input_tokens"]
    heard, spoken = min(counts["input_audio_tokens"], taken), min(counts["output_audio_tokens"], made)
    lasting = min(counts["cache_creation_1h_input_tokens"], written)
    rate = _Rates(price, taken + read + written)
    if rate.of_something_else:
        return None
    return {
        "input": ((taken - heard) * rate["input"] + heard * rate["input_audio", "input"]) / MILLION,
        "output": ((made - spoken) * rate["output"] + spoken * rate["output_audio", "output"]) / MILLION,
        "cache_read": read * rate["cache_read", "input"] / MILLION,
        "cache_write": (
            (written - lasting) * rate["cache_write", "input"]
            + lasting * rate["cache_write_1h", "cache_write", "input"]
        ) / MILLION,
        "other": (counts["web_search_requests"] * rate.each("web_searches") + rate.each("requests")) / THOUSAND,
    }  # fmt: skip


class _Rates:
    """A model's prices for a request with `size` input tokens, cached ones included: that decides on the tier."""

    def __init__(self, price: ModelPrice, size: int) -> None:
        self._price: dict[str, Any] = {name: each for name, each in vars(price).items() if each is not None}
        self._size = size

    @property
    def of_something_else(self) -> bool:
        """True if there are prices, but none by the token."""
        return bool(self._price) and not {"input_mtok", "output_mtok"} & self._price.keys()

    def __getitem__(self, names: str | tuple[str, ...]) -> Decimal:
        """US dollars for a million tokens: of the first name that has a price of its own."""
        names = names if isinstance(names, tuple) else (names,)
        keys = [key for name in names if (key := f"{name}_mtok") in self._price]
        return self._tier(self._price[keys[0]]) if keys else NOTHING

    def each(self, name: str) -> Decimal:
        """US dollars for a thousand."""
        return self._tier(self._price.get(f"{name}_kcount", NOTHING))

    def _tier(self, price: Any) -> Decimal:
        tiers = getattr(price, "tiers", None)
        if tiers is None:
            return Decimal(price)
        return next((Decimal(tier.price) for tier in reversed(tiers) if self._size > tier.start), Decimal(price.base))


def _time(iso: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(iso)
    except (ValueError, TypeError):
        return None
