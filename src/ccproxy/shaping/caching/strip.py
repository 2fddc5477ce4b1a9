"""`ccproxy.shaping.caching.strip`: takes cache marks, or what else is at some paths, out of a request or a shape."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ccproxy.pipeline.places import steps_of
from ccproxy.shaping.caching.places import places, removed
from ccproxy.shaping.shape import Body
from ccproxy.shaping.shape_hooks import Work, shape_hook


class Params(BaseModel):
    """What is removed, and from what."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str]
    """Glom paths into the body, such as `system.*.cache_control`. What is not there is no error."""
    of: Literal["request", "shape"] = "request"
    """Whether the caller's own marks go too, or only those that the shape brings along."""


def from_shape(body: Body, params: Params) -> None:
    """Once, as the shape is loaded. The body is a copy."""
    if params.of == "shape":
        _strip(body, params.paths, set())


@shape_hook(params=Params, prepare=from_shape)
def strip(work: Work, params: Params) -> None:
    """Removes what is at the paths."""
    if params.of == "request":
        _strip(work.body, params.paths, work.fresh)


def _strip(body: Body, paths: list[str], fresh: set[int]) -> None:
    for path in paths:
        for at in places(body, steps_of(path)):
            removed(body, at, fresh)
