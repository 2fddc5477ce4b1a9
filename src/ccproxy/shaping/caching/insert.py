"""`ccproxy.shaping.caching.insert`: puts a cache mark, or another value, at some path of a request."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ccproxy.pipeline.places import steps_of
from ccproxy.shaping.caching.places import parents, put
from ccproxy.shaping.shape_hooks import Work, shape_hook


class Params(BaseModel):
    """What is put where."""

    model_config = ConfigDict(extra="forbid")

    path: str
    """A glom path into the body, such as `system.-1.cache_control`. Where nothing can be put there, nothing is."""
    value: Any = Field(default_factory=lambda: {"type": "ephemeral"})


@shape_hook(params=Params)
def insert(work: Work, params: Params) -> None:
    """Sets what is at the path."""
    steps = steps_of(params.path)
    for at in parents(work.body, steps):
        put(work.body, at, steps[-1], deepcopy(params.value), work.fresh)
