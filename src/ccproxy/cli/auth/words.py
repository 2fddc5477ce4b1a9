"""A credential in words."""

from __future__ import annotations

from datetime import datetime

import click

from ccproxy.cli.auth.asking import Told
from ccproxy.cli.words import clock, span, visible

GOOD, DOUBTFUL, BAD = ("●", "green"), ("●", "yellow"), ("○", "red")


def moment(iso: str | None, now: datetime) -> str:
    """`in 3 h 07 min (17:45:12)`, `5 min ago (14:33:00)`; empty for None."""
    if iso is None:
        return ""
    seconds = (datetime.fromisoformat(iso) - now).total_seconds()
    return f"{f'in {span(seconds)}' if seconds > 0 else f'{span(-seconds)} ago'} ({clock(iso, now)})"


def validity(iso: str | None, now: datetime) -> str:
    """`expires in 3 h 07 min (17:45:12)`, `expired 5 min ago (14:33:00)`; empty for None."""
    told = moment(iso, now)
    return told and f"{'expired' if is_over(iso, now) else 'expires'} {told}"


def is_over(iso: str | None, now: datetime) -> bool:
    """True if that moment has been."""
    return iso is not None and datetime.fromisoformat(iso) <= now


def trouble(each: Told, now: datetime) -> str:
    """`refused with 401, 5 min ago (14:33:00): WHY`, or what else went wrong; empty for nothing."""
    when = f"refused with 401, {moment(each['refused'], now)}: " if each.get("refused") else ""
    return when + (each["error"] or "")


def line(each: Told, width: int, text: str) -> str:
    """How it stands as a coloured mark, the provider's name in `width` characters, and a text."""
    doubtful = each["error"] or each.get("project_error")
    sign, color = BAD if not each["usable"] else DOUBTFUL if doubtful else GOOD
    return f"{click.style(sign, fg=color)} {visible(each['provider']):<{width}}  {visible(text)}"


def below(width: int, text: str) -> str:
    """What else is to be said, below the text of `line`."""
    return f"{'':{width + 4}}{visible(text)}"


def width_of(found: list[Told]) -> int:
    """Characters of the longest name."""
    return max((len(visible(each["provider"])) for each in found), default=0)
