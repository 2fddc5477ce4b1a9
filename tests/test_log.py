"""The log: a line for each message, whatever words it tells."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from ccproxy.log import FORMAT, OneLine

FORGED = "the thread a\n2026-01-01 00:00:00 ccproxy ERROR all is lost\x1b[31m\x9b\u2028\r has 1 question"


def raised() -> Any:
    try:
        int(FORGED)
    except ValueError:
        return sys.exc_info()


def written(message: str, *, error: bool = False) -> str:
    info = raised() if error else None
    record = logging.LogRecord("ccproxy.test", logging.WARNING, "here", 1, "%s", (message,), info)
    return OneLine(FORMAT).format(record)


def test_a_message_is_one_line() -> None:
    line = written(FORGED)
    assert "\n" not in line
    assert line.isprintable()
    assert r"the thread a\n2026-01-01 00:00:00 ccproxy ERROR all is lost\x1b[31m\x9b\u2028\r has" in line


@pytest.mark.parametrize("message", ["plain", "tab\there", "größer als λ 🙂", "C:\\path"])
def test_others_are_as_they_are(message: str) -> None:
    assert written(message).endswith(message)


def test_a_traceback_keeps_its_lines() -> None:
    assert "Traceback (most recent call last):\n" in written("it failed", error=True)
