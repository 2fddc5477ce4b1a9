"""A `plan_block` as patches leave it: a list of goals and a list of steps, each with what it is known by."""

from __future__ import annotations

from typing import Any

type Entry = dict[str, Any]
type Entries = list[tuple[str, Entry]]

IDS = {"goals": "id", "steps": "uuid"}
"""By which member an entry is known wherever it stands; without it, by its place."""
MOST = 1000
"""Entries of a list that patches can make."""


class PlanDocument:
    """One block's goals and steps."""

    def __init__(self, usage: str) -> None:
        self._usage = usage
        self._lists: dict[str, list[Entry]] = {name: [] for name in IDS}

    def replace(self, block: dict[str, Any]) -> tuple[Entries, Entries]:
        """Takes the lists that a block has, and returns their entries."""
        for name in IDS:
            if isinstance(given := block.get(name), list):
                self._lists[name] = [dict(each) if isinstance(each, dict) else {} for each in given]
        goals, steps = ([*map(self._known, [name] * len(each), range(len(each)))] for name, each in self._given(block))
        return goals, steps

    def put(self, name: str, path: str, value: Any) -> tuple[str, Entry] | None:
        """Puts a value in its place, and returns the entry that it is a part of; None if there is no such place.

        Args:
            name: goals or steps.
            path: the rest of the path, `2` or `2/description`; `-` is behind the last.
            value: what belongs there. A text for what is below a text takes its place.
        """
        number, *members = path.split("/")
        listed = self._lists.get(name)
        at = _number(number, len(listed or ()))
        if listed is None or at is None or at >= MOST:
            return None
        listed += [{} for _ in range(at + 1 - len(listed))]
        if not members:
            listed[at] = {**listed[at], **value} if isinstance(value, dict) else listed[at]
        elif not _set(listed[at], members, value):
            return None
        return self._known(name, at)

    def _given(self, block: dict[str, Any]) -> list[tuple[str, list[Entry]]]:
        return [(name, self._lists[name] if isinstance(block.get(name), list) else []) for name in IDS]

    def _known(self, name: str, at: int) -> tuple[str, Entry]:
        entry = self._lists[name][at]
        id = entry.get(IDS[name])
        own = str(id) if isinstance(id, str | int) and id != "" else ""
        return own or (str(at) if name == "goals" else f"{self._usage}/{at}/{entry.get('step_type')}"), entry


def _number(text: str, length: int) -> int | None:
    if text == "-":
        return length
    return int(text) if len(text) < 6 and text.isascii() and text.isdecimal() else None


def _set(entry: Entry, members: list[str], value: Any) -> bool:
    """Sets a member of a member; what is on the way to it and not there yet is made."""
    place: Any = entry
    for name in members[:-1]:
        if isinstance(place, list):
            at = _number(name, len(place))
            place = place[at] if at is not None and at < len(place) else None
        elif isinstance(place, dict):
            inner = place.setdefault(name, {})
            if isinstance(inner, str):
                place[name] = value
                return True
            place = inner
    return _put(place, members[-1], value)


def _put(place: Any, name: str, value: Any) -> bool:
    if isinstance(place, dict):
        place[name] = value
        return True
    at = _number(name, len(place)) if isinstance(place, list) else None
    if at is None or at > len(place):
        return False
    place[at : at + 1] = [value]
    return True
