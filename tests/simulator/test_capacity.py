"""Models that are out of capacity: on demand, and by chance with a seed."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from ccproxy.simulator import respond
from ccproxy.simulator.capacity import Busy, Rush, seconds
from ccproxy.simulator.markers import parse, strip
from tests.simulator.asking import FORMATS, PATHS, ask, events, post, question, value
from tests.simulator.conftest import simulator

MODELS = {"anthropic": "sim", "openai_chat": "sim", "openai_responses": "sim", "gemini": "gemini-sim"}
INFO = "type.googleapis.com/google.rpc.ErrorInfo"
RETRY = "type.googleapis.com/google.rpc.RetryInfo"

ORDERS = [
    ("SIM_BUSY gemini-2.5-pro", Busy("gemini-2.5-pro")),
    ("SIM_BUSY gemini-2.5-pro.", Busy("gemini-2.5-pro")),
    ("SIM_BUSY gemini-3* 503", Busy("gemini-3*", 503)),
    ("SIM_BUSY * 503 2m please", Busy("*", 503, "2m")),
    ("SIM_BUSY o/x:1@2 500 - and", Busy("o/x:1@2", 500, None)),
    ("SIM_BUSY x 0.05s.", Busy("x", 429, "0.05s")),
    ("SIM_BUSY x 429 150ms", Busy("x", 429, "150ms")),
    ("SIM_BUSY x 200 2", Busy("x")),
    ("SIM_BUSY x -7 4290", Busy("x")),
    ("SIM_BUSY_FIRST x 503 -", Busy("x", 503, None, first=True)),
    ("SIM_QUOTA x 3 apples", Busy("x", spent=True)),
]


@pytest.fixture(params=FORMATS)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("text", "order"), ORDERS)
def test_markers(text: str, order: Busy) -> None:
    assert parse(text).busy == [order]


@pytest.mark.parametrize("text", ["SIM_BUSY", "SIM_BUSY ,", "SIM_QUOTA\nx", "SIM_BUSYBODY x"])
def test_markers_that_name_no_model(text: str) -> None:
    assert parse(text).busy == []


def test_quotes_leave_the_markers_out() -> None:
    said = "say SIM_BUSY x-1* 503 2m hello SIM_BUSY_FIRST y - 3 SIM_QUOTA z 4 SIM_BUSY o 5"
    assert strip(said).split() == ["say", "hello", "3", "4", "5"]


def test_a_prefix_means_all_that_begin_so() -> None:
    assert [Busy("gemini-3*").means(model) for model in ("gemini-3-pro", "gemini-3", "gemini-2.5-pro")] == [
        True,
        True,
        False,
    ]
    assert not Busy("gemini-3").means("gemini-3-pro")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "word"), [(429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE"), (500, "INTERNAL")])
def test_the_named_model_is_out_of_capacity(wire: str, status: int, word: str, stream: bool) -> None:
    reply = ask(wire, f"SIM_BUSY {MODELS[wire]} {status} 2m", stream)
    assert reply.status == status
    assert dict(reply.headers).get(b"retry-after") == (None if wire == "gemini" else b"120")
    if wire == "gemini":
        error = value(reply)["error"]
        assert (error["code"], error["status"]) == (status, word)
        assert detail(error, RETRY) == {"retryDelay": "2m"}
    assert reply == ask(wire, f"SIM_BUSY {MODELS[wire]} {status} 2m", stream)


def test_other_models_answer(wire: str) -> None:
    assert ask(wire, "SIM_BUSY another SIM_BUSY_FIRST an* SIM_QUOTA other hello", stream=True).status == 200


def test_the_first_marker_that_means_the_model_counts(wire: str) -> None:
    assert ask(wire, "SIM_BUSY other 500 SIM_BUSY * 503 SIM_QUOTA *").status == 503


KINDS = {
    "anthropic": ("type", "rate_limit_error", "rate_limit_error"),
    "openai_chat": ("code", "rate_limit_exceeded", "insufficient_quota"),
    "openai_responses": ("code", "rate_limit_exceeded", "insufficient_quota"),
    "gemini": ("status", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"),
}


def test_each_dialect_has_its_kind(wire: str) -> None:
    field, busy, spent = KINDS[wire]
    assert value(ask(wire, "SIM_BUSY *"))["error"][field] == busy
    assert value(ask(wire, "SIM_QUOTA *"))["error"][field] == spent


def test_google_gives_reasons() -> None:
    busy = value(ask("gemini", "SIM_BUSY * 429 0.05s"))["error"]
    about = {"domain": "cloudcode-pa.googleapis.com", "metadata": {"model": "gemini-sim"}}
    assert detail(busy, INFO) == {"reason": "RATE_LIMIT_EXCEEDED", **about}
    spent = value(ask("gemini", "SIM_QUOTA *"))["error"]
    assert detail(spent, INFO) == {"reason": "QUOTA_EXHAUSTED", **about}
    assert detail(spent, RETRY) is None
    assert "details" not in value(ask("gemini", "SIM_BUSY * 503 -"))["error"]


def detail(error: Any, kind: str) -> Any:
    """What a detail of an error says, without its type."""
    found = [
        {name: told for name, told in each.items() if name != "@type"}
        for each in error["details"]
        if each["@type"] == kind
    ]
    return found[0] if found else None


def test_the_first_event_of_a_stream(wire: str) -> None:
    reply = ask(wire, "SIM_BUSY_FIRST * 429 0.05s", stream=True)
    assert reply.status == 200
    (event,) = events(reply.body)
    error = event["response"]["error"] if wire == "openai_responses" else event["error"]
    field, busy, _ = KINDS[wire]
    assert error[field] == busy
    assert ask(wire, "SIM_BUSY_FIRST * 429 0.05s").status == 429


DELAYS = [("150ms", 0.15), ("0.05s", 0.05), ("2m", 120.0), ("1h", 3600.0)]


@pytest.mark.parametrize(("delay", "expected"), DELAYS)
def test_delays_in_seconds(delay: str, expected: float) -> None:
    assert seconds(delay) == pytest.approx(expected)


@pytest.mark.parametrize("delay", ["", "2", "s", "2hm", "2d", "x2s"])
def test_what_is_no_delay(delay: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        seconds(delay)


def test_the_first_element_of_an_array() -> None:
    body = {"model": "gemini-sim", "request": question("gemini", "SIM_BUSY_FIRST *")}
    (first,) = value(post("/v1internal:streamGenerateContent", body))
    assert first["error"]["status"] == "RESOURCE_EXHAUSTED"
    (first,) = value(post("/v1beta/models/m:streamGenerateContent", question("gemini", "SIM_ERROR_MID 0")))
    assert first["error"]["status"] == "UNAVAILABLE"


def rushed(rush: Rush, calls: int, wire: str = "gemini", **more: Any) -> list[int]:
    """The statuses of some calls."""
    body = json.dumps(question(wire, "hello", **more)).encode()
    return [respond("POST", PATHS[wire].encode(), [], body, rush).status for _ in range(calls)]


DRAWN = [429, 429, 200, 429, 200, 200, 429, 200, 429, 200, 429, 429, 200, 200, 429, 429, 200, 200, 200, 200]
"""The first calls with a share of 0.33 and the seed 7."""


def test_a_seed_always_draws_the_same(wire: str) -> None:
    assert rushed(Rush(0.33, 7), 20, wire) == DRAWN
    assert rushed(Rush(0.33, 8), 20, wire) != DRAWN
    assert rushed(Rush(0.0), 20, wire) == [200] * 20
    assert rushed(Rush(1.0, 7, Busy("*", 503)), 20, wire) == [503] * 20


def test_what_is_refused_or_not_meant_draws_nothing() -> None:
    rush = Rush(0.33, 7, Busy("gemini-*"))
    drawn = []
    for _ in range(20):
        assert rushed(rush, 1, contents=[]) == [400]
        assert rushed(rush, 1, "anthropic") == [200]
        assert respond("GET", b"/v1beta/models", [], b"", rush).status == 200
        drawn += rushed(rush, 1)
    assert drawn == DRAWN


def test_a_share_of_many_calls_fails() -> None:
    assert 290 < rushed(Rush(0.33, 1), 1000).count(429) < 370


def test_the_server_draws_in_the_order_of_arrival() -> None:
    with simulator("--busy", "0.33", "--seed", "7", "--busy-delay", "0.2s") as url:
        answers = [fetch(url) for _ in range(20)]
    assert [status for status, _ in answers] == DRAWN
    assert all(detail(body["error"], RETRY) == {"retryDelay": "0.2s"} for status, body in answers if status == 429)


def test_the_server_says_what_is_ordered() -> None:
    with simulator("--busy", "1", "--busy-status", "503", "--busy-delay", "-", "--busy-model", "gemini-s*") as url:
        status, body = fetch(url)
        assert (status, "details" in body["error"]) == (503, False)
        assert fetch(url, "/v1beta/models/other:generateContent")[0] == 200


def fetch(url: str, path: str = PATHS["gemini"]) -> tuple[int, Any]:
    """Status and body of an answer, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("POST", path, json.dumps(question("gemini", "hello")))
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer
