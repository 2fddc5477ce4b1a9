"""Sums over flows, exact and in an order of use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.flows.selection import Selection
from ccproxy.flows.usage.spending import KEYS, is_counted, spent

CLAUDE = "https://api.anthropic.com/v1/messages"


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place two hours east of Greenwich."""
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def flow(number: int, model: str = "claude-haiku-4-5", **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1000, "output_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3}
    told = {"id": f"f{number}", "time": f"2026-11-0{number}T23:00:00.000+00:00", "model": model, "status": 200}
    return told | {"usage": usage, "cost": {"usd": "0.1"}, "url": CLAUDE} | more


FLOWS = [
    flow(2, session="b", provider="p", user_agent="claude-cli/2.0 (external)"),
    flow(1, "asked", dest_model="gpt-5", cost={"usd": "0.2"}, request={"host": "h"}, process={"command": ["/bin/pi"]}),
    flow(3, "local-1", cost=None, url="http://127.0.0.1/", error={"kind": "reset"}, session="b"),
    flow(3, "local-1", cost=None, url="http://127.0.0.1/", status=529, usage=None),
    flow(3, cost=None),
    {"id": "dns", "time": "2026-11-01T00:00:00+00:00", "protocol": "dns", "status": None},
]


def test_sums() -> None:
    groups, total = spent(FLOWS, ["model"])
    assert list(groups) == [("gpt-5",), ("claude-haiku-4-5",), ("local-1",)], "the dearest first"
    assert groups["local-1",].as_json() == {
        "requests": 2,
        "failures": 2,
        "input_tokens": 1000,
        "output_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 3,
        "cost_usd": None,
        "unpriced": 1,
        "first": "2026-11-03T23:00:00.000+00:00",
        "last": "2026-11-03T23:00:00.000+00:00",
    }
    assert total.requests == 5
    assert total.usd == Decimal("0.30105425"), "what the summary does not tell is looked up: 0.001 + 0.00005 + …"
    assert total.unpriced == {"local-1": 1}
    assert (total.first, total.last) == ("2026-11-01T23:00:00.000+00:00", "2026-11-03T23:00:00.000+00:00")


def test_questions_about_models_are_no_requests_to_them() -> None:
    asked = [flow(1, method=method, usage=None, status=200) for method in ("GET", "HEAD", "POST")]
    spoken = [flow(1, method="GET", usage=None, status=101), flow(1, method="GET")]
    assert [is_counted(each) for each in (*asked, *spoken)] == [False, False, True, True, True]


def test_what_went_nowhere_has_no_provider() -> None:
    own = {"request": {"host": "127.0.0.1"}, "front": "reverse"}
    flows = [flow(1, **own, action=action) for action in (None, "local", "passthrough")]
    assert [KEYS["provider"](each) for each in flows] == [None, None, "127.0.0.1"]
    assert [Selection(host="127*").matches(each) for each in flows] == [False, False, True]


def test_keys() -> None:
    for by, keys in {
        "day": ["2026-11-02", "2026-11-03", "2026-11-04"],
        "hour": ["2026-11-02 01:00", "2026-11-03 01:00", "2026-11-04 01:00"],
        "provider": ["h", "p", None],
        "client": ["pi", "claude-cli", None],
        "session": [None, "b"],
        "flow": ["f1", "f2", "f3"],
    }.items():
        assert [key for (key,) in spent(FLOWS, [by])[0]] == keys, by


def test_two_levels_stay_together() -> None:
    groups, _ = spent(FLOWS, ["session", "day"])
    assert list(groups) == [(None, "2026-11-02"), (None, "2026-11-04"), ("b", "2026-11-03"), ("b", "2026-11-04")]


NAMES = ["id", "time", "model", "dest_model", "usage", "cost", "url", "status", "error", "request", "process", "usd",
         "user_agent", "input_tokens", "command", "host"]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2026-11-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=4),
    st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=2, unique=True),
)
def test_whatever_flows_say(flows: list[dict[str, Any]], by: list[str]) -> None:
    groups, total = spent(flows, by)
    assert sum(own.requests for own in groups.values()) == total.requests
    assert sum(own.usd for own in groups.values()) == total.usd
