"""The field `pplx` of a client's request: what it wants of this one search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity.own_checks import (
    FLAG,
    LIST,
    ORIGIN,
    PLACE,
    SOURCES,
    TAG,
    TEXT,
    TEXTS,
    ZONE,
    Check,
    nearest,
    one_of,
)

FIELD = "pplx"

SETTINGS: Mapping[str, Check] = {
    "language": TAG,
    "timezone": ZONE,
    "search_focus": one_of("internet", "writing"),
    "sources": SOURCES,
    "search_recency_filter": one_of("DAY", "WEEK", "MONTH", "YEAR"),
    "is_incognito": FLAG,
    "skip_search_enabled": FLAG,
    "is_nav_suggestions_disabled": FLAG,
    "always_search_override": FLAG,
    "override_no_search": FLAG,
}
"""Those that are configured too (`pplx.search`)."""

OTHERS: Mapping[str, Check] = {
    "source": ORIGIN,
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

LONGEST = 64
"""Characters that are repeated of a name."""
NULLABLE = frozenset({"search_recency_filter"})
"""Where null says something: any time. Elsewhere it says nothing."""


class OwnFields:
    """The fields of one client. Raises InvalidCall for those that there are not, and for values that are wrong."""

    def __init__(self, value: Any) -> None:
        if value is not None and not isinstance(value, dict):
            raise InvalidCall(f"{FIELD}: an object is expected", FIELD)
        checked = {name: _checked(name, field) for name, field in (value or {}).items()}
        self._fields = {name: field for name, field in checked.items() if field is not None or name in NULLABLE}

    @property
    def settings(self) -> dict[str, Any]:
        """Those that stand in place of what is configured."""
        return {name: value for name, value in self._fields.items() if name in SETTINGS}

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or what stands for it where the client does not say it."""
        return self._fields.get(name, default)


def _checked(name: str, value: Any) -> Any:
    check = CHECKS.get(name)
    if check is None:
        shown = name[:LONGEST] if name.isprintable() else ascii(name[:LONGEST])
        hint = f" (did you mean {meant}?)" if (meant := nearest(name, CHECKS)) else ""
        there = ", ".join(sorted(CHECKS))
        raise InvalidCall(f"{FIELD}.{shown}: there is no such member{hint}; there are {there}", f"{FIELD}.{shown}")
    if value is None or check.is_met(value):
        return value
    hint = f"; did you mean {meant}?" if (meant := check.meant(value)) else ""
    raise InvalidCall(f"{FIELD}.{name}: {check.expected} is expected{hint}", f"{FIELD}.{name}")


def two_places(value: Any, *, named: bool) -> str | None:
    """Why an answer cannot be where a client wants it: in two places. None if it can.

    Args:
        value: its `pplx`.
        named: whether it names a thread to go on with.
    """
    own = value if isinstance(value, dict) else {}
    places = {
        f"{FIELD}.is_incognito, by which an answer is kept nowhere,": own.get("is_incognito") is True,
        f"{FIELD}.space_uuid, by which a thread begins in a space,": bool(own.get("space_uuid")),
        "a thread that is named to go on with": named,
    }
    said = [place for place, is_said in places.items() if is_said]
    return f"{said[0]} and {said[1]} exclude each other: send one of them" if len(said) > 1 else None
