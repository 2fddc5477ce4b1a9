"""A hook that was found, and where."""

from __future__ import annotations

from dataclasses import dataclass

from ccproxy.config.errors import KeyPath, Place, Problem
from ccproxy.config.hooks import HookEntry
from ccproxy.pipeline.hook import Hook, Stage

UNLISTED = HookEntry(hook="unlisted")
"""Stands for the entry of a hook that has none."""


@dataclass(frozen=True, slots=True)
class Find:
    """A hook, and where it was found."""

    hook: Hook
    place: Place
    """Where to look if something is wrong with it."""
    source: str
    """The same for people, in short."""
    entry: HookEntry = UNLISTED
    path: KeyPath = ()
    """Where it is listed, if it is."""
    listed: Stage | None = None
    """The stage under which it is listed."""

    @property
    def stage(self) -> Stage:
        """Where it runs: where it is listed, if it can run there."""
        stages = self.hook.stages
        return self.listed if self.listed in stages else stages[0]


type Finds = list[Find | Problem]
"""Hooks, and in their places what was wrong with those that could not be had."""
