"""Spending as bars in the terminal, drawn by plotext."""

from __future__ import annotations

import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ccproxy.cli.main import color_wanted
from ccproxy.cli.words import visible
from ccproxy.flows.usage.spending import Key, Spending

type Groups = Mapping[Key, Spending]

NARROWEST, WIDEST, MARGIN = 30, 160, 2
"""Characters. The library takes one more than it is given, sometimes."""
MOST_BARS = 60
MOST_COLOURS = 6
"""Parts that a bar is divided into; the rest is one more."""
OTHERS = "others"
WIDTH_OF_PART, MARK, SHORTEST = 14, 5, 4
"""Characters in the legend: of a part, of these the mark and spaces, and what a name has at least."""


class Unit(NamedTuple):
    """What a bar's number says."""

    name: str
    factor: Decimal


ONES = Unit("tokens", Decimal(1))
DECIMALS = re.compile(r"\.00((?:\x1b\[[\d;]*m)*)$", re.MULTILINE)
"""What the library puts behind every number."""
TOKENS = ((10**9, "millions of tokens", Decimal("1e-6")), (10**5, "thousands of tokens", Decimal("1e-3")))
DOLLARS = ((1, "US dollars", Decimal(1)), (Decimal("0.1"), "US cents", Decimal(100)))
"""The unit from which greatest value on: bars tell two digits after the point."""


def drawn(by: Sequence[str], groups: Groups, total: Spending) -> str:
    """The plot, as wide as the terminal, with colours where they are shown; of amounts only groups that have one."""
    import plotext

    coloured = sys.stdout.isatty() and color_wanted() is not False
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns)) - MARGIN
    values = {
        key: own.usd if total.priced else Decimal(own.tokens.total())
        for key, own in groups.items()
        if own.priced or not total.priced
    }
    if len(by) > 1 and coloured:
        names, parts = divided(values, max(1, min(MOST_COLOURS, width // WIDTH_OF_PART)))
    else:
        names, parts = [" ".join(shown(part) for part in key) for key in values], {"": list(values.values())}
    names, parts = names[-MOST_BARS:], {name: series[-MOST_BARS:] for name, series in parts.items()}
    unit = unit_of(max(sum(bar, Decimal(0)) for bar in zip(*parts.values(), strict=True)), priced=bool(total.priced))
    title = f"{unit.name} by {' and '.join(by)}"
    series = [[float(value * unit.factor) for value in each] for each in parts.values()]
    plotext.clear_figure()
    if len(parts) > 1:
        labels = legend(list(parts), width)
        plotext.simple_stacked_bar(cut(names, width), series, labels=labels, width=width, title=title)
    else:
        plotext.simple_bar(cut(names, width), series[0], width=width, title=title)
    picture = plotext.build() if coloured else plotext.uncolorize(plotext.build())
    picture = str(picture).rstrip("\n")
    return DECIMALS.sub(r"\1", picture) if unit.name == ONES.name else picture


def divided(values: Mapping[Key, Decimal], colours: int = MOST_COLOURS) -> tuple[list[str], dict[str, list[Decimal]]]:
    """Bars by the first key, each divided by the second: the names of the bars, and their values by part."""
    weight: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (_, part), value in values.items():
        weight[shown(part)] += value
    ranked = sorted(weight, key=weight.__getitem__, reverse=True)
    great, small = ranked[:colours], ranked[colours:]
    bars: dict[str, defaultdict[str, Decimal]] = {}
    for (first, part), value in values.items():
        bar = bars.setdefault(shown(first), defaultdict(Decimal))
        bar[OTHERS if shown(part) in small else shown(part)] += value
    parts = [*great, OTHERS] if small else great
    return list(bars), {name: [bar[name] for bar in bars.values()] for name in parts}


def unit_of(greatest: Decimal, *, priced: bool) -> Unit:
    """The unit in which the greatest bar is a number of use."""
    smallest = Unit("millionths of a US dollar", Decimal(10**6)) if priced else ONES
    found = (Unit(name, factor) for least, name, factor in (DOLLARS if priced else TOKENS) if greatest >= least)
    return next(found, smallest)


def shown(part: str | None) -> str:
    """A key as a bar's name."""
    return visible(part) if part is not None else "-"


def cut(names: Sequence[str], width: int) -> list[str]:
    """The names, at most a third as long as the plot is wide."""
    most = width // 3
    return [name if len(name) <= most else name[: most - 1] + "…" for name in names]


def legend(names: list[str], width: int) -> list[str]:
    """The names of the parts, the longest cut until all fit on one line."""
    while sum(len(name) + MARK for name in names) >= width:
        longest = max(range(len(names)), key=lambda at: len(names[at]))
        if len(names[longest]) <= SHORTEST:
            break
        names = [*names[:longest], names[longest][:-2] + "…", *names[longest + 1 :]]
    return names
