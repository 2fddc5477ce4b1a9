"""One result of a search, `{name | title, url, snippet}`."""

from __future__ import annotations

import re
from typing import Any

type Result = dict[str, Any]

LINKED = ("http://", "https://")
"""How the URLs begin that a client is given as links."""
ESCAPES = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\n": "", "\r": "", "\t": ""})
"""What would end a link in Markdown."""
ESCAPED = re.compile(r"[()<> \n\r\t]")


def listed(results: list[Any]) -> list[Result]:
    """Results as they are told, each in its place: one that is none is empty."""
    return [each if isinstance(each, dict) else {} for each in results]


def identity(result: Result) -> str | None:
    """What a result is known by wherever it stands."""
    return text_of(result, "url", "name", "title")


def text_of(result: Result, *names: str) -> str | None:
    """The first of these members that is a text and says something."""
    return next((value for name in names if isinstance(value := result.get(name), str) and value), None)


def link(result: Result) -> str | None:
    """The URL as it may stand in Markdown; None for a result that has none."""
    url = text_of(result, "url")
    if not url or not url.lower().startswith(LINKED):
        return None
    return url.translate(ESCAPES) if ESCAPED.search(url) else url
