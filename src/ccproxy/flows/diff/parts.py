"""How the parts of one sort differ in two requests of a format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccproxy.flows.diff.marks import Marked
from ccproxy.flows.diff.sequences import Aligned, align
from ccproxy.flows.diff.values import How, ValueChange, value_changes
from ccproxy.flows.parts.parts import Block, Message, Tool, canonical

WORDS = re.compile(r"\w+")
BEGINNING = 4000
"""Characters of a text by which it is told whether another may be what became of it."""
LIKE = 0.3
"""The share of words that two texts have in common, from which on the one may have become the other."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one part. Places are counted from 1."""

    what: str
    """parameter, system block, tool, message, block."""
    how: How
    name: str
    """The parameter's or tool's name, the message's role, the block's kind."""
    old_place: int | None = None
    new_place: int | None = None
    old: Any = None
    new: Any = None
    text: str = ""
    """What a person reads of what was added or removed."""
    blocks: tuple[Change, ...] = ()
    """Of a message that was changed."""
    values: tuple[ValueChange, ...] = ()
    """Of all else that was changed."""


@dataclass(slots=True)
class Section:
    """What became of the parts of one sort."""

    name: str
    changes: list[Change] = field(default_factory=list)
    same: int = 0
    marked: list[Marked] = field(default_factory=list)


def parameters_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Section:
    """By name."""
    section = Section("parameters")
    for name in [*old, *(each for each in new if each not in old)]:
        if name not in new:
            section.changes.append(Change("parameter", "removed", name, old=old[name]))
        elif name not in old:
            section.changes.append(Change("parameter", "added", name, new=new[name]))
        elif values := tuple(value_changes(old[name], new[name])):
            section.changes.append(Change("parameter", "changed", name, old=old[name], new=new[name], values=values))
        else:
            section.same += 1
    return section


def blocks_changed(what: str, old: Sequence[Block], new: Sequence[Block]) -> Section:
    """Blocks of a system prompt or a message, by their place."""
    section = Section(f"{what}s")
    alone = len(old) == len(new) == 1

    def alike(one: int, other: int) -> bool:
        return old[one].kind == new[other].kind and (alone or like(old[one], new[other]))

    found = align([canonical(each.value) for each in old], [canonical(each.value) for each in new], alike)
    section.same = len(found.same)
    for how, one, other in told(found):
        before, after = (old[one] if one is not None else None), (new[other] if other is not None else None)
        known = after or before
        assert known is not None
        values = tuple(value_changes(*values_of(before, after))) if how == "changed" else ()
        section.changes.append(
            Change(what, how, known.kind, *places(one, other), *values_of(before, after), known.text, values=values)
        )
    section.marked = list(marked(what, found, [each.marks for each in old], [each.marks for each in new]))
    return section


def like(old: Block, new: Block) -> bool:
    """Whether a block may be what became of another of its kind."""
    return bool(old.id and old.id == new.id) or (old.name == new.name and same_words(old.text, new.text))


def same_words(old: str, new: str) -> bool:
    """Whether two texts have enough words in common."""
    before, after = (Counter(WORDS.findall(text[:BEGINNING])) for text in (old, new))
    most = max(before.total(), after.total())
    return not most or (before & after).total() / most >= LIKE


def tools_changed(old: Sequence[Tool], new: Sequence[Tool]) -> Section:
    """By name; a tool that stands elsewhere among the others was moved."""
    section = Section("tools")
    names, others = [each.name for each in old], [each.name for each in new]
    found = align(names, others, lambda one, other: False)
    pairs = [*((*pair, False) for pair in found.same), *((*pair, True) for pair in found.moved)]
    for one, other, is_moved in sorted(pairs, key=lambda pair: pair[1]):
        values = tuple(value_changes(old[one].value, new[other].value))
        if not values and not is_moved:
            section.same += 1
            continue
        how: How = "changed" if values else "moved"
        kept = (old[one].value, new[other].value)
        section.changes.append(Change("tool", how, others[other], *places(one, other), *kept, values=values))
    section.changes += [Change("tool", "removed", names[one], one + 1, None, old[one].value) for one in found.removed]
    section.changes += [
        Change("tool", "added", others[other], None, other + 1, None, new[other].value) for other in found.added
    ]
    section.marked = list(marked("tool", found, [each.marks for each in old], [each.marks for each in new]))
    return section


def messages_changed(old: Sequence[Message], new: Sequence[Message]) -> Section:
    """By their place, and what changed in each."""
    section = Section("messages")

    def alike(one: int, other: int) -> bool:
        before, after = old[one], new[other]
        if before.role != after.role:
            return False
        shared = {canonical(each.value) for each in before.blocks} & {canonical(each.value) for each in after.blocks}
        return bool(shared) or ([each.kind for each in before.blocks] == [each.kind for each in after.blocks]
                                and same_words(before.text, after.text))  # fmt: skip

    found = align([key_of(each) for each in old], [key_of(each) for each in new], alike)
    section.same = len(found.same)
    for how, one, other in told(found):
        before, after = (old[one] if one is not None else None), (new[other] if other is not None else None)
        known = after or before
        assert known is not None
        blocks, values = inner(before, after) if how == "changed" else ((), ())
        kept = (json_of(before), json_of(after))
        section.changes.append(
            Change("message", how, known.role, *places(one, other), *kept, known.text, blocks, values)
        )
    section.marked = list(marked("message", found, list(map(all_marks, old)), list(map(all_marks, new))))
    return section


def inner(old: Message | None, new: Message | None) -> tuple[tuple[Change, ...], tuple[ValueChange, ...]]:
    """What changed in a message."""
    assert old is not None
    assert new is not None
    return tuple(blocks_changed("block", old.blocks, new.blocks).changes), tuple(value_changes(old.rest, new.rest))


def key_of(message: Message) -> str:
    """By which messages are the same."""
    return canonical([message.role, [block.value for block in message.blocks], message.rest])


def all_marks(message: Message) -> tuple[tuple[str, str], ...]:
    """Its own and those of its blocks."""
    return (*message.marks, *(mark for block in message.blocks for mark in block.marks))


def json_of(message: Message | None) -> Any:
    """A message as JSON, whatever its format."""
    if message is None:
        return None
    return {"role": message.role, "blocks": [block.value for block in message.blocks], **message.rest}


def values_of(old: Block | None, new: Block | None) -> tuple[Any, Any]:
    """The JSON of what was and of what is."""
    return old.value if old is not None else None, new.value if new is not None else None


def told(found: Aligned) -> Iterator[tuple[How, int | None, int | None]]:
    """Everything but what is the same, in the order of the new sequence; what was removed first."""
    yield from (("removed", one, None) for one in found.removed)
    later: list[tuple[How, int | None, int]] = [("added", None, other) for other in found.added]
    later += [("changed", *pair) for pair in found.changed]
    later += [("moved", *pair) for pair in found.moved]
    yield from sorted(later, key=lambda each: each[2])


def places(one: int | None, other: int | None) -> tuple[int | None, int | None]:
    """Indices as people count."""
    return (None if one is None else one + 1), (None if other is None else other + 1)


def marked(
    what: str, found: Aligned, old: Sequence[tuple[tuple[str, str], ...]], new: Sequence[tuple[tuple[str, str], ...]]
) -> Iterator[Marked]:
    """Which marks each part had and has."""
    for one, other in (*found.same, *found.moved, *found.changed):
        yield Marked(f"{what} {one + 1}", old[one], f"{what} {other + 1}", new[other])
    yield from (Marked(f"{what} {one + 1}", old[one], None, ()) for one in found.removed)
    yield from (Marked(None, (), f"{what} {other + 1}", new[other]) for other in found.added)
