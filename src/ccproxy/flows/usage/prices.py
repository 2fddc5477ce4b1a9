"""The price list: genai-prices' bundled data, looked up by host and model. Importing this loads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import genai_prices
from genai_prices.types import ModelInfo, ModelPrice, PriceContext

SAME_PRICES = {"chatgpt.com": "https://api.openai.com"}
"""Hosts that the list does not have, and whose prices stand for theirs: a subscription is billed otherwise."""

NO_USAGE = genai_prices.Usage()


@dataclass(frozen=True, slots=True)
class Listed:
    """A model of the list."""

    model: str
    provider: str
    info: ModelInfo
    own: bool
    """False if the provider sells it at another's prices, which know no contexts."""

    def at(self, when: datetime, context: PriceContext | None) -> ModelPrice:
        """Its prices at a time, served in a certain way."""
        return self.info.get_prices(when, context if self.own else None)


def find(model: str, url: str) -> Listed | None:
    """The entry for a model at the host of a URL; None if the list has none."""
    try:
        priced = genai_prices.calc_price(NO_USAGE, model, provider_api_url=SAME_PRICES.get(_host(url), url))
    except (LookupError, ValueError):
        return None
    own = any(priced.model is each for each in priced.provider.models)
    return Listed(priced.model.id, priced.provider.id, priced.model, own)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
