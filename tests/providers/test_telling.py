"""Moments from credential files may be any number; what is told of them is a moment or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.auth import SourceState
from ccproxy.cli.auth.words import is_over, moment, validity
from ccproxy.config import Config
from ccproxy.providers.provider import build_providers
from ccproxy.providers.telling import advice, iso, usable
from tests.hooks.code_assist import CODE_ASSIST

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@given(st.none() | st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_is_a_moment_or_none(seconds: float | None) -> None:
    told = iso(seconds)
    assert told is None or datetime.fromisoformat(told).tzinfo is not None
    assert "\n" not in validity(told, NOW)
    assert bool(moment(told, NOW)) == (told is not None)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (7260, "expires in 2 h 01 min (14:01:00)"),
        (-30, "expired 30 s ago (11:59:30)"),
        (0, "expired 0 s ago (12:00:00)"),
    ],
)
def test_moments_in_words(ahead: int, words: str) -> None:
    told = iso((NOW + timedelta(seconds=ahead)).timestamp())
    assert validity(told, NOW) == words
    assert is_over(told, NOW) == (ahead <= 0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SourceState("f", present=True), True),
        (SourceState("f", present=True, expires=1.0, refreshable=True), True),
        (SourceState("f", present=True, expires=1.0, refreshable=True, error="the endpoint is down"), False),
        (SourceState("f", present=True, expires=9e9, error="the endpoint is down"), True),
        (SourceState("f", present=False, error="it is gone"), False),
    ],
)
def test_what_can_be_used(state: SourceState, expected: bool) -> None:
    assert usable(state) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("it is over", "log in with `gemini`"),
        ("it is over; log in again with `gemini`", None),
        ("set client_secret, or run `gemini` once, which renews it by itself", None),
    ],
)
def test_there_is_one_advice_only(error: str, expected: str | None) -> None:
    auth = {"type": "google_oauth", "client_id": "i"}
    provider = build_providers(Config.model_validate({"providers": {"g": CODE_ASSIST | {"auth": auth}}}))["g"]
    assert advice(provider, SourceState("f", present=False, error=error)) == expected
