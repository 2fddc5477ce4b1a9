"""The structures that come with ccproxy, `packaged/NAME.json`: headers without values, members with null."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

from ccproxy.shaping.shape import NoShapeYet, Provenance, Shape, capture_command
from ccproxy.shaping.virtual import from_text


def packaged_names() -> list[str]:
    """The names of which the structure comes with ccproxy."""
    here = files("ccproxy.shaping") / "packaged"
    return sorted(each.name.removesuffix(".json") for each in here.iterdir() if each.name.endswith(".json"))


def packaged(name: str) -> Shape | None:
    """The structure that comes with ccproxy: names of headers without values, of members with null. None if none."""
    if name not in packaged_names():
        return None
    text = (files("ccproxy.shaping") / "packaged" / f"{name}.json").read_text("ascii")
    return from_text(text, name, Provenance("packaged"))


def filled(shape: Shape) -> Shape:
    """Without the packaged names that no patch gave a value. Raises ShapeError if that is all of the headers."""
    headers = [(name, value) for name, value in shape.headers if value]
    if not headers:
        raise none_yet(shape.profile)
    return replace(shape, headers=headers, body=_filled(shape.body))


def none_yet(name: str) -> NoShapeYet:
    """What to say where there is a profile and no shape for it."""
    return NoShapeYet(f"there is no shape for the profile {name!r} yet", f"run: {capture_command(name)}")


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    found = {name: _filled(value) if isinstance(value, dict) else value for name, value in body.items()}
    return {name: value for name, value in found.items() if value not in (None, {})}
