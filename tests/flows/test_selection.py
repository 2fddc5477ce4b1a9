"""The plain conditions on flows."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.flows.selection import Selection, newest

FLOW: dict[str, Any] = {
    "time": "2026-11-20T10:00:00.000+00:00",
    "provider": "Work",
    "model": "claude-opus-4-5",
    "dest_model": "gpt-5",
    "request": {"host": "api.vendor.test"},
    "status": 404,
    "error": None,
    "session": "5b1d-22",
    "conversation": "c0ffee",
    "jail": "cell",
    "protocol": "http",
}


@pytest.mark.parametrize(
    ("wanted", "meets"),
    [
        ({}, True),
        ({"host": "VENDOR"}, True),
        ({"host": "api.*"}, True),
        ({"host": "vendor.*"}, False),
        ({"model": "opus"}, True),
        ({"model": "gpt-?"}, True),
        ({"model": "sonnet"}, False),
        ({"provider": "work"}, True),
        ({"provider": "wor"}, False),
        ({"provider": "w*"}, True),
        ({"status": ("404",)}, True),
        ({"status": ("200", "4XX")}, True),
        ({"status": ("error",)}, True),
        ({"status": ("ok", "none")}, False),
        ({"since": 1_795_168_800.0}, True),
        ({"since": 1_795_168_800.1}, False),
        ({"session": "5b"}, True),
        ({"session": "1d"}, False),
        ({"conversation": "c0*ee"}, True),
        ({"jail": "CELL"}, True),
        ({"jail": "cel"}, False),
        ({"protocol": "dns"}, False),
        ({"protocol": "http", "jail": "cell", "status": ("4xx",)}, True),
        ({"protocol": "http", "jail": "other"}, False),
    ],
)
def test_conditions(wanted: dict[str, Any], meets: bool) -> None:
    assert Selection(**wanted).matches(FLOW) is meets
    assert Selection(**wanted).matches_all is (not wanted)


@pytest.mark.parametrize("wanted", [{"host": "x"}, {"model": "x"}, {"provider": "x"}, {"session": "x"}, {"jail": "x"}])
def test_what_a_flow_does_not_have_it_does_not_meet(wanted: dict[str, Any]) -> None:
    nothing = dict.fromkeys(FLOW) | {"time": FLOW["time"]}
    assert not Selection(**wanted).matches(nothing)
    assert Selection(status=("none",)).matches(nothing)


@pytest.mark.parametrize(
    ("word", "status", "error", "meets"),
    [("ok", 200, None, True), ("ok", 200, {"kind": "cut"}, False), ("error", None, {"kind": "cut"}, True),
     ("none", None, {"kind": "cut"}, True), ("error", None, None, False), ("5xx", 599, None, True)],
)  # fmt: skip
def test_words_for_a_status(word: str, status: int | None, error: Any, meets: bool) -> None:
    assert Selection(status=(word,)).matches({"status": status, "error": error}) is meets


@pytest.mark.parametrize("word", ["", "0xx", "20", "good"])
def test_no_status(word: str) -> None:
    with pytest.raises(ValueError, match="is no status"):
        Selection(status=(word,)).matches(FLOW)


@pytest.mark.parametrize(("limit", "kept"), [(None, [1, 2, 3]), (2, [2, 3]), (9, [1, 2, 3])])
def test_the_newest(limit: int | None, kept: list[int]) -> None:
    assert newest([1, 2, 3], limit) == kept
