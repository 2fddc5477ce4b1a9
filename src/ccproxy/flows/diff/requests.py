"""How two requests differ: by parameter, system block, tool and message.

Each part of either request is counted as the same, or is in exactly one change. What says nothing by itself and comes
and goes from turn to turn, such as `cache_control`, is told apart, in `marks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ccproxy.exchange import HttpRequest, HttpResponse, WireFormat
from ccproxy.flows.diff.bodies import Body, Kind, body_changes, body_of, first_difference
from ccproxy.flows.diff.formats import Row, in_path, parameter_rows, side_by_side
from ccproxy.flows.diff.marks import MarkChange, mark_changes
from ccproxy.flows.diff.parts import Change, blocks_changed, messages_changed, parameters_changed, tools_changed
from ccproxy.flows.diff.values import ValueChange
from ccproxy.flows.parts.parts import Parts, parts_of


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one body in the other. `old` and `new` in what it holds are the JSON that they were."""

    kind: Literal["request", "formats", "mixed"] | Kind
    """`request`: both were taken apart; `formats`: they are, and of different ones. Else what both are; `mixed` if they
    are not of one kind."""
    kinds: tuple[str, str]
    """What each is: `request`, `json`, `form`, `text`, `binary`, `empty`."""
    sizes: tuple[int, int]
    """Bytes of each, content codings undone."""
    changes: tuple[Change, ...] = ()
    """Of requests: parameters first, then system blocks, tools, messages."""
    same: dict[str, int] = field(default_factory=dict)
    """Of requests: how many parts of each sort are in both, in their order."""
    marks: tuple[MarkChange, ...] = ()
    rows: tuple[Row, ...] = ()
    """Of requests of different formats."""
    values: tuple[ValueChange, ...] = ()
    """Of all other bodies."""
    differ_at: int | None = None
    """The first byte that is not the same; None if all are. With no change besides, they say the same otherwise."""
    missing: tuple[int, int] = (0, 0)
    """Bytes of each that were not kept, so nothing is known of them."""

    @property
    def empty(self) -> bool:
        """True if nothing differs, to the last byte."""
        return self.differ_at is None and not any(self.missing)


def diff_messages(
    old: HttpRequest | HttpResponse,
    new: HttpRequest | HttpResponse,
    format: WireFormat | None = None,
    new_format: WireFormat | None = None,
) -> Difference:
    """How the bodies of two messages differ. The formats are those of requests, where they are known."""
    found = diff_bodies(body_of(old), body_of(new), format, new_format)
    if found.kind != "formats" or not (isinstance(old, HttpRequest) and isinstance(new, HttpRequest)):
        return found
    return replace(found, rows=(*rows_of_paths(old, new, found.rows),))


def rows_of_paths(old: HttpRequest, new: HttpRequest, rows: Sequence[Row]) -> Iterator[Row]:
    """The rows with the parameters that are in a path and not in a body."""
    if not (in_path(old.path) or in_path(new.path)):
        yield from rows
        return
    left = {str(row.old): row.old_value for row in rows if is_parameter(row, "removed")} | in_path(old.path)
    right = {str(row.new): row.new_value for row in rows if is_parameter(row, "added")} | in_path(new.path)
    for one, other in ((left, right), (right, left)):
        if one.get("stream in the path") is False and "stream" not in other:
            del one["stream in the path"]  # as good as nothing
    yield from parameter_rows(left, right)
    yield from (row for row in rows if not is_parameter(row, "removed", "added"))


def is_parameter(row: Row, *how: str) -> bool:
    """Whether the row is about a parameter that this became of."""
    return row.what == "parameter" and row.how in how


def diff_bodies(
    old: Body, new: Body, format: WireFormat | None = None, new_format: WireFormat | None = None
) -> Difference:
    """How two bodies differ."""
    parts, others = parts_in(old, format), parts_in(new, new_format)
    kinds = ("request" if parts else old.kind, "request" if others else new.kind)
    sizes, missing = (len(old.data), len(new.data)), (old.missing, new.missing)
    at = first_difference(old.data, new.data)
    if parts is not None and others is not None and parts.format is others.format:
        found = diff_parts(parts, others)
        marks, changes, same = found.marks, found.changes, found.same
        return Difference("request", kinds, sizes, changes, same, marks, differ_at=at, missing=missing)
    if parts is not None and others is not None:
        return Difference("formats", kinds, sizes, rows=side_by_side(parts, others), differ_at=at, missing=missing)
    kind: Any = old.kind if old.kind == new.kind else "mixed"
    return Difference(kind, kinds, sizes, values=tuple(body_changes(old, new)), differ_at=at, missing=missing)


def parts_in(body: Body, format: WireFormat | None) -> Parts | None:
    """The parts of a request; None for a body that is none, such as `{}` or the JSON of another API."""
    parts = parts_of(body.value, format) if body.kind == "json" else None
    return parts if parts is not None and (parts.messages or parts.system or parts.tools) else None


@dataclass(frozen=True, slots=True)
class PartsDifference:
    """What became of a request's parts."""

    changes: tuple[Change, ...]
    same: dict[str, int]
    marks: tuple[MarkChange, ...]


def diff_parts(old: Parts, new: Parts) -> PartsDifference:
    """How two requests of one format differ."""
    sections = (
        parameters_changed(old.parameters, new.parameters),
        blocks_changed("system block", old.system, new.system),
        tools_changed(old.tools, new.tools),
        messages_changed(old.messages, new.messages),
    )
    changes = tuple(change for section in sections for change in section.changes)
    same = {section.name: section.same for section in sections}
    return PartsDifference(changes, same, tuple(mark_changes([pair for each in sections for pair in each.marked])))
