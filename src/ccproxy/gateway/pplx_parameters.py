"""What is asked of a Perplexity account, as parameters of a query, and what is told to those who ask wrongly.

The functions raise NotServed for values that are none.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.exchange import Headers
from ccproxy.gateway.errors import Refused

type Parameters = Mapping[str, str]

MODES = ("markdown", "default", "clean")
TRUTHS = {"true": True, "1": True, "": False, "false": False, "0": False}
MOST_THREADS = 1000
"""Of a list that is asked for at once."""


class NotServed(Refused):
    """It cannot be had. `fix` is what a user of commands can do; empty if the message says it or nobody knows."""

    def __init__(self, status: int, kind: str, message: str, fix: str = "", headers: Headers | None = None) -> None:
        super().__init__(status, kind, message, headers)
        self.fix = fix


def wrong(message: str, fix: str = "") -> NotServed:
    """What was asked cannot be answered by anybody."""
    return NotServed(400, "invalid_request", message, fix)


def mode(parameters: Parameters, name: str, usual: str) -> str:
    """A parameter that is a mode of citations."""
    value = parameters.get(name) or usual
    if value not in MODES:
        raise wrong(f"{name} is one of {', '.join(MODES)}, not {value!r}")
    return value


def truth(parameters: Parameters, name: str) -> bool:
    """A parameter that is true or false, the latter if it is missing."""
    value = parameters.get(name, "").lower()
    if value not in TRUTHS:
        raise wrong(f"{name} is true or false, not {value!r}")
    return TRUTHS[value]


def number(parameters: Parameters, name: str, usual: int) -> int:
    """A parameter that is a number of threads."""
    value = parameters.get(name, str(usual))
    if not (value.isascii() and value.isdigit()) or len(value) > 9 or not 1 <= int(value) <= MOST_THREADS:
        raise wrong(f"{name} is a number from 1 to {MOST_THREADS}, not {value!r}")
    return int(value)
