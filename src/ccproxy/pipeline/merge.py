"""Three-way merging of JSON: what changed between two values, put into a third that says the same in its own words."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.fields import camel
from ccproxy.pipeline.values import MISSING, copied, ends, same


def merge(before: Any, after: Any, now: Any) -> Any:
    """`now` with what differs between `before` and `after`; it is not changed, but shared where it stays as it is.

    Objects are merged by member, lists by element where `now` has as many as `before`. Text that `now` gives in another
    form, alone in place of a list with one part or the other way round, keeps the form if that can say what is new.
    Everything else becomes what `after` has. Raises TypeError for what JSON has not.
    """
    if same(before, after):
        return now
    if isinstance(before, dict) and isinstance(after, dict) and isinstance(now, dict):
        merged = _objects(before, after, now)
    elif isinstance(before, list) and isinstance(after, list) and isinstance(now, list):
        merged = _lists(before, after, now)
    elif isinstance(before, list) and isinstance(after, list) and isinstance(now, dict):
        merged = merge(before[0], after[0], now) if len(before) == len(after) == 1 else MISSING
    elif isinstance(now, str):
        merged = _shorter(before, after, now)
    else:
        merged = _longer(before, after, now)
    return copied(after) if merged is MISSING else merged


def alias(name: str, now: dict[str, Any]) -> str:
    """What an object calls a member: proto3 JSON, which Gemini has, takes `a_name` for `aName`."""
    return name if name in now else next((one for one in now if camel(one) == name), name)


def _objects(before: dict[str, Any], after: dict[str, Any], now: dict[str, Any]) -> Any:
    merged = dict(now)
    for name in before | after:
        one, other = before.get(name, MISSING), after.get(name, MISSING)
        if same(one, other):
            continue
        own = alias(name, now) if one is not MISSING else name
        if one is not MISSING and own not in now:
            return MISSING  # `now` says it elsewhere
        if other is MISSING:
            del merged[own]
        else:
            merged[own] = copied(other) if one is MISSING else merge(one, other, now[own])
    return merged


def _lists(before: list[Any], after: list[Any], now: list[Any]) -> Any:
    if len(before) != len(now) or not all(map(_agree, before, now)):
        return MISSING
    head, tail = ends(before, after)
    end, end_after = len(before) - tail, len(after) - tail
    middle = [copied(one) for one in after[head:end_after]]
    if end == end_after:
        middle = [merge(before[at], after[at], now[at]) for at in range(head, end)]
    return now[:head] + middle + now[end:]


TELLING = ("type", "role", "name", "id")
"""Members that tell elements of one list from each other."""


def _agree(before: Any, now: Any) -> bool:
    """True if two elements may be the same: some writers bring lists into an order of their own."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return True
    alike = not before or any(name in now or alias(name, now) in now for name in before)
    return alike and all(before[name] == now[name] for name in TELLING if name in before and name in now)


def _shorter(before: Any, after: Any, now: str) -> Any:
    """The text that says `after`, where `now` says `before`; MISSING if no text alone does."""
    if isinstance(before, str) and isinstance(after, str):
        return after if before == now else MISSING
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after) == 1:
        return _shorter(before[0], after[0], now)
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        changed = [name for name in before if not same(before[name], after[name])]
        return _shorter(before[changed[0]], after[changed[0]], now) if len(changed) == 1 else MISSING
    return MISSING


def _longer(before: Any, after: Any, now: Any) -> Any:
    """The parts of `now` with the text `after` in place of `before`; MISSING if that text is not all there is."""
    if not isinstance(before, str) or not isinstance(after, str):
        return MISSING
    if isinstance(now, list) and len(now) == 1:
        inner = copied(after) if now[0] == before else _longer(before, after, now[0])
        return inner if inner is MISSING else [inner]
    if isinstance(now, dict) and now.get("text") == before:
        return now | {"text": copied(after)}
    return MISSING
