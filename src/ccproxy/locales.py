"""Names of languages, and of time zones: https://www.iana.org/time-zones, as far as this machine has them."""

from __future__ import annotations

import re
from functools import cache

LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
APART = ("posix/", "right/")
"""Folders of a second and a third copy of the database, which are nobody's names."""


def is_language(tag: str) -> bool:
    """Whether it has the form of a language tag, such as `en-US`: RFC 5646 §2.1, roughly."""
    return LANGUAGE.fullmatch(tag) is not None


def is_timezone(name: str) -> bool:
    """Whether there is a zone of this name. Where there is no database at all, any name will do."""
    from zoneinfo import ZoneInfo  # few need it

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # some folders cannot be read as a file, and no zone is a KeyError
        return bool(name) and not timezones()
    return not name.startswith(APART)


@cache
def timezones() -> frozenset[str]:
    """All names. Reads some hundred files the first time: for those who have something to say of a wrong one."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())
