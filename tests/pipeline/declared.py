"""Hooks that only declare: what their order is made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccproxy.pipeline.hook import Hook, Step
from ccproxy.pipeline.paths import parse


def nothing(ctx: Any, params: Any) -> None:
    """What they all do."""


def step(name: str, reads: Sequence[str] = (), writes: Sequence[str] = ()) -> Step:
    """A hook of the inbound stage."""
    declared = Hook(name, nothing, ("inbound",), tuple(map(parse, reads)), tuple(map(parse, writes)))
    return Step(declared, "inbound")
