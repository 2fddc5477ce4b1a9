"""A comparison in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from ccproxy.cli.flows.diff.view import difference_lines
from ccproxy.cli.flows.diff.words import SIGNS, cut, edit_lines, value_lines
from ccproxy.cli.words import several, size, visible

if TYPE_CHECKING:
    from ccproxy.cli.flows.compare.answers import AnswersCompared
    from ccproxy.flows.diff.compare import Changed, Comparison, HeaderChange, RequestComparison, ResponseComparison


def comparison_lines(found: Comparison, said: AnswersCompared | None, width: int) -> Iterator[str]:
    """Both ways of a flow, below a heading each."""
    if found.request is not None:
        yield from request_lines(found.request, width)
    if found.response is not None:
        yield from response_lines(found.response, said, width)
    for why in found.why:
        yield click.style(f"{visible(why)}", fg="yellow")


def request_lines(found: RequestComparison, width: int) -> Iterator[str]:
    """The client's request → the forwarded one."""
    where = f", to {visible(found.sent_to)}" if found.sent_to else ""
    if found.same:
        yield f"request: forwarded as it came ({size(found.body.sizes[0])}){where}"
        return
    yield click.style("request", bold=True) + f": client → forwarded{where}"
    yield from changed_line("method", found.method)
    yield from changed_line("url", found.target)
    yield from headers_lines(found.headers, width)
    yield from body_lines(found.body, "forwarded as it came", width)
    yield from dropped_lines(found.dropped)


def response_lines(found: ResponseComparison, said: AnswersCompared | None, width: int) -> Iterator[str]:
    """The provider's response → the client's."""
    if found.same:
        yield f"response: passed on as it came ({size(found.body.sizes[0])})"
        return
    yield click.style("response", bold=True) + ": provider → client"
    yield from changed_line("status", found.status)
    yield from headers_lines(found.headers, width)
    if found.complete[0] != found.complete[1]:
        ends = ("came to its end" if each else "broke off" for each in found.complete)
        yield f"  ~ the provider's {next(ends)}, the client's {next(ends)}"
    if said is None or found.body.empty:
        yield from body_lines(found.body, "passed on as it came", width)
    else:
        yield from said_lines(said, found.body.sizes, width)


def changed_line(name: str, change: Changed | None) -> Iterator[str]:
    """A value that is another."""
    if change is not None:
        yield click.style("  ~ ", fg="yellow") + f"{name}: {visible(change.old)} → {visible(change.new)}"


def headers_lines(changes: tuple[HeaderChange, ...], width: int) -> Iterator[str]:
    """A header field a line."""
    if not changes:
        yield click.style("  = headers: as they came", dim=True)
    for change in changes:
        sign, color = SIGNS[change.how]
        sides = [cut(", ".join(values), width // 2) for values in (change.old, change.new) if values]
        note = " (the provider's credential)" if change.credential else ""
        yield click.style(f"  {sign} ", fg=color) + f"header {visible(change.name)}: {' → '.join(sides)}{note}"


def body_lines(body: object, same: str, width: int) -> Iterator[str]:
    """A body's difference; one line if there is none."""
    from ccproxy.flows.diff.requests import Difference

    assert isinstance(body, Difference)
    if body.empty:
        yield click.style(f"  = body: {same} ({size(body.sizes[0])})", dim=True)
        return
    sizes = " → ".join(map(size, body.sizes))
    words = "body, translated" if body.kind == "formats" else "body"
    yield f"  {words}: {sizes}"
    yield from (f"  {line}" for line in difference_lines(body, width - 2, translated=True))


def dropped_lines(dropped: Mapping[str, int]) -> Iterator[str]:
    """What a translation, or a shape, left out."""
    if dropped:
        told = ", ".join(f"{visible(name)} ({count})" for name, count in dropped.items())
        yield click.style(f"  left out: {told}", fg="yellow")


def said_lines(said: AnswersCompared, sizes: tuple[int, int], width: int) -> Iterator[str]:
    """What the model said, on either side."""
    formats = " → ".join(dict.fromkeys(said.formats))
    yield f"  body: {' → '.join(map(size, sizes))}, {formats}"
    same = [several(count, kind) for kind, count in said.same.items()]
    if same:
        yield click.style(f"    = says the same: {', '.join(same)}", dim=True)
    for change in said.changes:
        how = "changed" if change.edits else "removed" if change.new is None else "added"
        sign, color = SIGNS[how]
        words = "" if change.edits else f": {cut(change.old or change.new or '', width - 20)}"
        yield click.style(f"    {sign} {visible(change.kind)}{words}", fg=color)
        yield from edit_lines(change.edits, width, "      ")
    for count in said.usage:
        yield from (f"    usage {line.strip()}" for line in value_lines(count, width, ""))
