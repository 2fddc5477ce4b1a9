"""What the members of a client's `pplx` have to be, and what was probably meant by those that are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ccproxy.locales import is_language, is_timezone, timezones

KNOWN_SOURCES = ("web", "scholar", "social", "edgar")
"""Those that all accounts have. What an account has beside them, it is known by: any other word is passed on."""
SOURCE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
MISSPELT = 0.75
"""From which likeness on a word that nobody knows is one that is known, with a mistake."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a value has to be."""

    expected: str
    """In words."""
    is_met: Callable[[Any], bool]
    meant: Callable[[Any], str | None] = lambda value: None
    """What was probably meant by a value that is not."""


def nearest(value: Any, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that `value` was probably meant to be, whatever its case."""
    from difflib import get_close_matches  # slow to import, and needed only when something is wrong

    if not isinstance(value, str):
        return None
    spellings = {word.lower(): word for word in known}
    found = get_close_matches(value[:100].strip().lower(), spellings, n=1, cutoff=likeness)
    return spellings[found[0]] if found else None


def one_of(*words: str) -> Check:
    """A check for one of some words."""
    return Check(
        f"one of {', '.join(words)}",
        lambda value: isinstance(value, str) and value in words,
        lambda value: nearest(value, words),
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _coordinates(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return _is_number(value.get("latitude"), 90) and _is_number(value.get("longitude"), 180)


def _misspelt(source: str) -> str | None:
    return None if source in KNOWN_SOURCES else nearest(source, KNOWN_SOURCES, MISSPELT)


def _sources(value: Any) -> bool:
    return bool(value) and _texts(value) and all(SOURCE.fullmatch(each) and not _misspelt(each) for each in value)


def _meant_sources(value: Any) -> str | None:
    if isinstance(value, str):
        found = nearest(value, KNOWN_SOURCES, MISSPELT)
        return f'["{found}"]' if found else None
    return next(filter(None, map(_misspelt, value)), None) if _texts(value) else None


def _meant_by_source(value: Any) -> str | None:
    """`source` is a letter away from `sources`, which is what most want."""
    return "pplx.sources" if isinstance(value, list) or nearest(value, KNOWN_SOURCES, MISSPELT) else None


def _zone(value: Any) -> bool:
    return isinstance(value, str) and is_timezone(value)


TEXT = Check("a text", lambda value: isinstance(value, str))
FLAG = Check("true or false", lambda value: isinstance(value, bool))
TEXTS = Check("a list of texts", _texts)
LIST = Check("a list", lambda value: isinstance(value, list))
PLACE = Check("an object with the numbers latitude and longitude, in degrees", _coordinates)
SOURCES = Check(f"a list of at least one of {', '.join(KNOWN_SOURCES)}", _sources, _meant_sources)
ORIGIN = Check(
    "the word for the page that a question comes from, as `default`,",
    lambda value: isinstance(value, str) and bool(value) and not _meant_by_source(value),
    _meant_by_source,
)
TAG = Check("a language tag, as en-US,", lambda value: isinstance(value, str) and is_language(value))
ZONE = Check("the name of a time zone, as Europe/Berlin,", _zone, lambda value: nearest(value, timezones()))
