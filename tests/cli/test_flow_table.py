from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccproxy.cli.flows.table import cells, error, tokens
from ccproxy.exchange import Exchange, Failure, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.summary import summarize

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def exchange() -> Exchange:
    request = HttpRequest(
        "POST", b"/v1/messages?beta=true", [(b"user-agent", b"claude-cli/2.1 (external)")], b'{"model":"opus"}'
    )
    made = Exchange(request, id="0123456789abcdef", format=WireFormat.ANTHROPIC)
    made.timings.started = NOW.timestamp() - 60
    return made


def row(made: Exchange) -> list[str]:
    return [cell.text for cell in cells(summarize(made), NOW)]


def test_a_finished_exchange() -> None:
    made = exchange()
    made.route = Route("redirect", "work", WireFormat.ANTHROPIC, Origin("https", "api.test", 443), "sentinel")
    made.forwarded = HttpRequest("POST", b"/v1/messages", [], b'{"model":"sonnet"}')
    usage = b'{"usage":{"input_tokens":12,"output_tokens":34}}'
    response = HttpResponse(200, [(b"content-type", b"application/json")], chunks=[usage], complete=True)
    made.provider_response = made.response = response
    made.timings.first_byte = made.timings.started + 0.1
    made.timings.finished = made.timings.started + 0.25
    assert row(made) == [
        "01234567",
        "11:59:00",
        "claude-cli/2.1",
        "POST /v1/messages",
        "opus → work/sonnet",
        "200",
        "12/34",
        "",
        "100 ms",
        "250 ms",
    ]
    assert cells(summarize(made), NOW)[5].style == "green"
    made.answered_model = "haiku"
    assert row(made)[4] == "opus → work/haiku"


def test_one_that_failed_before_it_went_anywhere() -> None:
    made = exchange()
    made.failure = Failure("no_route", "no provider")
    made.response = HttpResponse(501, [], complete=True)
    made.timings.finished = made.timings.started + 0.001
    shown = cells(summarize(made), NOW)
    assert shown[4].text == "opus"
    assert (shown[5].text, shown[5].style) == ("501", "red")
    assert error(summarize(made)) == "no provider"


def test_one_under_way() -> None:
    shown = cells(summarize(exchange()), NOW)
    assert shown[5].text == "…"
    assert [cell.text for cell in shown[6:]] == ["", "", "", "…"]
    made = exchange()
    made.response = HttpResponse(200, [])
    assert cells(summarize(made), NOW)[5].text == "200…"


def test_one_that_the_provider_refused() -> None:
    made = exchange()
    made.provider_response = made.response = HttpResponse(429, [], chunks=[b'{"error": {"message": "slow down"}}'])
    assert error(summarize(made)) == "slow down"


def test_one_without_model_and_user_agent() -> None:
    made = Exchange(HttpRequest("GET", b"/v1/models", []))
    assert [cell.text for cell in cells(summarize(made), NOW)[2:5]] == ["reverse", "GET /v1/models", "-"]


@pytest.mark.parametrize(
    ("usage", "shown"),
    [
        (None, ""),
        ({"input_tokens": 3, "output_tokens": 250, "cache_read_input_tokens": 0}, "3/250"),
        ({"input_tokens": 3, "output_tokens": 9999, "cache_read_input_tokens": 152_400}, "3/9999/152k"),
        ({"input_tokens": 3, "output_tokens": 1, "cache_creation_input_tokens": 10_000}, "10k/1"),
        ({"input_tokens": 1_500_000, "output_tokens": None}, "1.5M/?"),
        ({"input_tokens": 999_600, "output_tokens": 999_400}, "1.0M/999k"),
    ],
)
def test_tokens(usage: dict[str, int] | None, shown: str) -> None:
    assert tokens({"usage": usage}) == shown
