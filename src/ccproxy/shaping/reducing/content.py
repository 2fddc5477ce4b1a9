"""The members of a body that are its envelope: what was said is the caller's own, and no part of a shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.config.shaping import ShapeProfile
from ccproxy.shaping.reducing.ids import Ids, tells
from ccproxy.shaping.reducing.secrets import is_signature
from ccproxy.shaping.reducing.values import OUT, kept, named_secret, whole
from ccproxy.shaping.shape import Body
from ccproxy.shaping.template import content_of


def envelope(body: Mapping[str, Any], profile: ShapeProfile, ids: Ids) -> Body:
    """The members that a shape keeps, in their order, reduced; those of the member that holds the call too."""
    return dict(_members(body, profile, ids, profile.wrapped_in))


def _members(
    body: Mapping[str, Any], profile: ShapeProfile, ids: Ids, wrapped_in: str | None
) -> Iterator[tuple[str, Any]]:
    for name, value in ((whole(name), value) for name, value in body.items()):
        if name == wrapped_in and isinstance(value, dict):
            yield name, dict(_members(value, profile, ids, None))
        elif named_secret(name, value) or tells(name):
            continue
        elif name not in content_of(profile):
            yield from _one(name, kept(value, name, ids))
        else:
            found = kept(_needed(value, profile.merge_strategies.get(name, "replace")), name, ids)
            yield from _one(name, found if found or found == 0 else OUT)


def _one(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if value is not OUT:
        yield name, value


def _needed(value: Any, strategy: str) -> Any:
    """What a strategy takes from the shape; None if that is nothing."""
    kind, _, count = strategy.partition(":")
    if kind == "fallback_shape":
        return _unsigned(value)
    if kind not in {"prepend_shape", "append_shape"}:
        return None
    blocks = _unsigned(value)
    if not count or not isinstance(blocks, list):
        return None if count and int(count) == 0 else blocks
    return blocks[: int(count)]


def _unsigned(value: Any) -> Any:
    """A text or a list of blocks without the vendor's signature of that one request."""
    if isinstance(value, list):
        return [block for block in value if not is_signature(_said(block))]
    if isinstance(value, str) and is_signature(value):
        return _unsigned(value.lstrip().partition("\n")[2])
    return value


def _said(block: Any) -> str:
    said = block.get("text") if isinstance(block, dict) else block
    return said if isinstance(said, str) else ""
