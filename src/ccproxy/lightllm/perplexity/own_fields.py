"""The field `pplx` of a client's request: what it wants of this one search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import InvalidCall

FIELD = "pplx"

type Check = tuple[str, Callable[[Any], bool]]
"""What is expected, in words, and whether a value is that."""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _coordinates(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return _is_number(value.get("latitude"), 90) and _is_number(value.get("longitude"), 180)


def one_of(*words: str) -> Check:
    """A check for one of some words."""
    return f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words


TEXT: Check = ("a text", lambda value: isinstance(value, str))
FLAG: Check = ("true or false", lambda value: isinstance(value, bool))
TEXTS: Check = ("a list of texts", _texts)
LIST: Check = ("a list", lambda value: isinstance(value, list))
PLACE: Check = ("an object with the numbers latitude and longitude, in degrees", _coordinates)

SETTINGS: Mapping[str, Check] = {
    "language": TEXT,
    "timezone": TEXT,
    "search_focus": one_of("internet", "writing"),
    "sources": TEXTS,
    "search_recency_filter": one_of("DAY", "WEEK", "MONTH", "YEAR"),
    "is_incognito": FLAG,
    "skip_search_enabled": FLAG,
    "is_nav_suggestions_disabled": FLAG,
    "always_search_override": FLAG,
    "override_no_search": FLAG,
}
"""Those that are configured too (`pplx.search`)."""

OTHERS: Mapping[str, Check] = {
    "source": TEXT,
    "frontend_context_uuid": TEXT,
    "coordinates": PLACE,
    "mentions": LIST,
    "attachments": TEXTS,
    "space_uuid": TEXT,
    "session_id": TEXT,
    "last_backend_uuid": TEXT,
    "read_write_token": TEXT,
}
"""`session_id` names a thread to go on with; `last_backend_uuid` and `read_write_token` do without asking for one."""

CHECKS: Mapping[str, Check] = {**SETTINGS, **OTHERS}

NULLABLE = frozenset({"search_recency_filter"})
"""Where null says something: any time. Elsewhere it says nothing."""


class OwnFields:
    """The fields of one client. Raises InvalidCall for what is not of its type; unknown ones are counted."""

    def __init__(self, value: Any, drops: Drops) -> None:
        if value is not None and not isinstance(value, dict):
            raise InvalidCall(f"{FIELD}: an object is expected", FIELD)
        self._fields: dict[str, Any] = {}
        for name, field in (value or {}).items():
            if name not in CHECKS:
                drops.add("field", f"{FIELD}.{name}")
            elif field is not None or name in NULLABLE:
                self._fields[name] = _checked(name, field)

    @property
    def settings(self) -> dict[str, Any]:
        """Those that stand in place of what is configured."""
        return {name: value for name, value in self._fields.items() if name in SETTINGS}

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or what stands for it where the client does not say it."""
        return self._fields.get(name, default)


def _checked(name: str, value: Any) -> Any:
    words, check = CHECKS[name]
    if value is not None and not check(value):
        raise InvalidCall(f"{FIELD}.{name}: {words} is expected", f"{FIELD}.{name}")
    return value
