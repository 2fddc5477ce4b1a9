"""Values as people read them: durations, counts, times, and text of which nobody knows what is in it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, ring, colour or reorder: a model's name from a request may hold any of them."""


def visible(text: str) -> str:
    """The text with control characters spelled out (`\\x1b`), so that printing it changes nothing but the line."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


ENDLESS = 1e15
"""Milliseconds that nothing took: a file was made up."""


def duration(milliseconds: float | None) -> str:
    """`0.4 ms`, `312 ms`, `4.2 s`, `2m 03s`; empty for None, `?` for what cannot be."""
    if milliseconds is None:
        return ""
    if abs(milliseconds) > ENDLESS:
        return "?"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}m {seconds:02}s"


def span(seconds: float) -> str:
    """How long something has been running: `12 s`, `5 min`, `3 h 07 min`, `2 d 4 h`."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60:02} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def clock(iso: str, now: datetime) -> str:
    """A moment in local time, with the day if it is not `now`'s. `iso` is ISO 8601 with an offset; `now` is aware."""
    try:
        moment = datetime.fromisoformat(iso).astimezone(now.tzinfo)
    except ValueError:
        return visible(iso)
    if moment.date() == now.date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%b %d %H:%M}" if now - moment < timedelta(days=300) else f"{moment:%Y-%m-%d}"


def moment(iso: str, now: datetime) -> str:
    """A moment to the second, in local time, with its date if it is not `now`'s. Arguments as `clock` takes them."""
    try:
        local = datetime.fromisoformat(iso).astimezone(now.tzinfo)
    except ValueError:
        return visible(iso)
    return f"{local:%H:%M:%S}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M:%S}"


def size(count: int) -> str:
    """`812 B`, `4.2 kB`, `31 MB`."""
    if count < 1000:
        return f"{count} B"
    number, unit = (count / 1000, "kB") if count < 1_000_000 else (count / 1_000_000, "MB")
    return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"


def dollars(amount: str | Decimal | None) -> str:
    """`$12.34`, `$0.0456`, `$0.00012`, `$0`: two digits after the point, or the first two that are not 0."""
    from decimal import Decimal

    if amount is None:
        return ""
    amount = Decimal(amount)
    if amount == 0:
        return "$0"
    amount = round(amount, max(4, 1 - amount.adjusted()))  # 0.000999 is 0.0010
    digits = 2 if amount >= 1 else max(4, 1 - amount.adjusted())
    return f"${amount:,.{digits}f}"


def several(number: int, noun: str) -> str:
    """`1 flow`, `2 flows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
