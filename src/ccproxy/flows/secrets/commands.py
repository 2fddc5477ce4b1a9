"""Credentials in a command line: the values of options, variables and header fields that are named for one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ccproxy.flows.secrets.key_formats import SENTINEL
from ccproxy.flows.secrets.redact import REDACTED, is_secret_field

NAMED = re.compile(r"(-{0,2}([A-Za-z][\w-]*)(?:=|:[ ]*))(.+)", re.DOTALL)
"""`--api-key=VALUE`, `API_KEY=VALUE`, `Authorization: VALUE`."""
OPTION = re.compile(r"--?([A-Za-z][\w-]*)")
"""An option whose value is the next word."""


def without_credentials(command: Sequence[str]) -> list[str]:
    """The words of a command, `[redacted]` in place of what the word before it or its own beginning calls secret."""
    return list(_words(command))


def _words(command: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in command:
        option = OPTION.fullmatch(before)
        named = NAMED.fullmatch(word)
        if option and _is_secret(option[1], word) and not word.startswith("-"):
            yield REDACTED
        elif named and _is_secret(named[2], named[3]):
            yield named[1] + REDACTED
        else:
            yield word
        before = word


def _is_secret(name: str, value: str) -> bool:
    if not value or not is_secret_field(name.replace("_", "-")):
        return False
    return not SENTINEL.fullmatch(value.encode("utf-8", "replace"))
