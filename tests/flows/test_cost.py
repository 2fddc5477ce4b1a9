"""What flows cost: published prices by hand, and the whole list against genai-prices' own arithmetic."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.flows.usage.cost import cost_of

URLS = {
    "anthropic": "https://api.anthropic.com/v1/messages?beta=true",
    "openai": "https://api.openai.com/v1/responses",
    "google": "https://generativelanguage.googleapis.com/v1beta/models/any:generateContent",
    "openrouter": "https://openrouter.ai/api/v1/chat/completions",
}
TIME = "2026-11-01T12:00:00.000+00:00"
NAMES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def flow(host: str, model: str, *counts: int, time: str = TIME, **more: Any) -> dict[str, Any]:
    usage = dict(zip(NAMES, counts, strict=False)) | more
    return {"model": "asked-for", "dest_model": model, "url": URLS.get(host, host), "time": time, "usage": usage}


def usd(*arguments: Any, **more: Any) -> str:
    cost = cost_of(flow(*arguments, **more))
    assert cost is not None
    return cost["usd"]


def test_anthropic_with_a_cache_of_five_minutes_and_of_an_hour() -> None:
    """Sonnet 4.5: $3 in, $15 out, $0.30 read, $3.75 written, $6 written for an hour, $10 a thousand searches."""
    assert cost_of(flow("anthropic", "claude-sonnet-4-5", 1000, 500, 20_000, 3000)) == {
        "usd": "0.02775",
        "input": "0.003",
        "output": "0.0075",
        "cache_read": "0.006",
        "cache_write": "0.01125",
        "other": "0",
        "model": "claude-sonnet-4-5",
        "provider": "anthropic",
    }
    more = {"cache_creation_1h_input_tokens": 1000, "web_search_requests": 2}
    assert usd("anthropic", "claude-sonnet-4-5-20250929", 1000, 500, 20_000, 3000, **more) == "0.05"


def test_openai_with_a_cached_beginning() -> None:
    """GPT-4o: $2.50 in, $1.25 cached, $10 out; priority $4.25, $2.125, $17."""
    assert usd("openai", "gpt-4o-2024-08-06", 1000, 200, 3000) == "0.00825"
    assert usd("openai", "gpt-4o", 1000, 200, 3000, tier="priority") == "0.014025"
    assert usd("https://chatgpt.com/backend-api/codex/responses", "gpt-4o", 1000, 200, 3000) == "0.00825"


def test_gemini_costs_more_for_a_prompt_above_200k() -> None:
    """2.5 Pro: $1.25 in, $10 out, $0.125 cached; above 200,000 tokens of prompt, cached or not, $2.50, $15, $0.25."""
    assert usd("google", "gemini-2.5-pro", 100_000, 1000, 100_000) == "0.1475"
    assert usd("google", "gemini-2.5-pro", 100_000, 1000, 100_001) == "0.29000025"


def test_a_flow_is_priced_as_of_its_own_time() -> None:
    """o3 cost $10 and $40 until 2025-06-10, and $2 and $8 from then on."""
    assert usd("openai", "o3", 1000, 1000, time="2025-06-09T23:59:59.000+00:00") == "0.05"
    assert usd("openai", "o3", 1000, 1000, time="2025-06-10T00:00:01.000+00:00") == "0.01"


@pytest.mark.parametrize(
    "told",
    [
        flow("http://127.0.0.1:11434/v1/chat/completions", "claude-sonnet-4-5", 1, 1),
        flow("simulator://simulator/v1/messages", "claude-sonnet-4-5", 1, 1),
        flow("anthropic", "no-such-model", 1, 1),
        flow("anthropic", "claude-sonnet-4-5" * 1000, 1, 1),
        flow("openai", "whisper-1", 1, 1),
        flow("anthropic", "claude-sonnet-4-5", 1, 1) | {"usage": None},
        flow("anthropic", "claude-sonnet-4-5", 1, 1) | {"dest_model": None, "model": None},
        flow("anthropic", "claude-sonnet-4-5", 1, 1, time="some day"),
        flow("https://[half/v1", "claude-sonnet-4-5", 1, 1),
        {},
    ],
)
def test_no_price_is_none(told: dict[str, Any]) -> None:
    assert cost_of(told) is None


def test_nonsense_counts_as_nothing() -> None:
    usage = {"input_tokens": "many", "output_tokens": -5, "cache_read_input_tokens": True, "tier": ["fast"]}
    cost = cost_of(flow("anthropic", "claude-sonnet-4-5") | {"usage": usage})
    assert cost is not None
    assert cost["usd"] == "0"


MODELS = [(p.id, m.id) for p in get_snapshot().providers if p.id in URLS for m in p.models]
COUNT = st.integers(0, 400_000)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MODELS), st.tuples(COUNT, COUNT, COUNT, COUNT), COUNT)
def test_the_sum_is_what_genai_prices_makes_of_it(
    known: tuple[str, str], counts: tuple[int, ...], lasting: int
) -> None:
    taken, made, read, written = counts
    lasting = min(lasting, written)
    cost = cost_of(flow(*known, *counts, cache_creation_1h_input_tokens=lasting, web_search_requests=lasting % 5))
    if cost is None:
        return
    usage = genai_prices.Usage(
        input_tokens=taken + read + written,
        output_tokens=made,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=lasting,
        web_searches=lasting % 5,
    )
    theirs = genai_prices.calc_price(
        usage,
        known[1],
        provider_api_url=URLS[known[0]],
        genai_request_timestamp=datetime.fromisoformat(TIME),
    )
    assert Decimal(cost["usd"]) == theirs.total_price
    assert theirs.auto_update_timestamp is None


OFFLINE = """
import sys, threading
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.")): raise SystemExit(f"asked the network: {event}")
sys.addaudithook(watch)
from ccproxy.flows.usage.cost import cost_of
assert "genai_prices" not in sys.modules and "pydantic" not in sys.modules
url = "https://api.anthropic.com/v1/messages"
flow = {"model": "claude-haiku-4-5", "url": url, "time": "2026-11-01T00:00:00Z", "usage": {"input_tokens": 1000000}}
assert cost_of(flow)["usd"] == "1", cost_of(flow)
assert threading.active_count() == 1
"""


def test_the_list_is_loaded_at_the_first_price_and_never_fetched() -> None:
    subprocess.run([sys.executable, "-c", OFFLINE], check=True, timeout=30)
