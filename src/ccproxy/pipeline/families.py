"""The parts of an answer, as response hooks declare them: each stands for some of the neutral events.

`text` holds all that is said of a block of text, its sources and log-probabilities too: who masks words there has to
look at those as well. `events` and `**` stand for everything, and so for what is of no family: blocks that are not
known, keep-alives, and the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ccproxy.lightllm import events as ev

if TYPE_CHECKING:
    from ccproxy.pipeline.hook import Hook
    from ccproxy.pipeline.paths import Path

FAMILIES: Mapping[str, tuple[type[ev.Event], ...]] = {
    "start": (ev.MessageStart,),
    "text": (ev.TextStart, ev.TextDelta, ev.CitationDelta, ev.LogprobsDelta),
    "thinking": (ev.ThinkingStart, ev.ThinkingDelta, ev.Signature, ev.Redacted),
    "tool_calls": (ev.ToolCallStart, ev.ArgumentsDelta),
    "server_tools": (ev.ServerToolCall, ev.ServerToolResult),
    "refusal": (ev.RefusalStart, ev.RefusalDelta),
    "media": (ev.Media,),
    "usage": (ev.UsageUpdate,),
    "finish": (ev.Finish,),
}
ALL = "events"
ALL_STEPS = frozenset({(), (ALL,), ("*",), ("**",)})
"""How a path into the body says everything."""
EVERYTHING = frozenset({*FAMILIES, ALL})

FAMILY_OF: Mapping[type, str] = {kind: name for name, kinds in FAMILIES.items() for kind in kinds}
"""By type; what is not here is of `events`, and a `BlockStop` of the family of its block."""
OPENERS = frozenset({ev.TextStart, ev.ThinkingStart, ev.ToolCallStart, ev.RefusalStart})
"""Events that open a block, which has their `index`."""
LAST = frozenset({ev.End, ev.Error})
KINDS = frozenset({*FAMILY_OF, *LAST, ev.BlockStop, ev.Unknown, ev.Ping})
"""All types of events."""


def families(paths: Iterable[Path]) -> frozenset[str]:
    """The families that declarations name; with `events` among them, all."""
    found = {path.steps for path in paths if path.room == "body"}
    return EVERYTHING if found & ALL_STEPS else frozenset(steps[0] for steps in found if steps[0] in FAMILIES)


def check_families(hook: Hook) -> None:
    """Raises ValueError where a hook that can only run on answers declares what no answer has.

    A hook of several stages declares for all of them at once, so nothing can be said of it.
    """
    if hook.stages != ("response",):
        return
    for path in (*hook.reads, *hook.writes):
        if path.room == "headers":
            raise ValueError(f"hook {hook.name} declares {path.text!r}, but hooks of answers see no header fields")
        if path.room == "body" and path.steps not in ALL_STEPS and path.steps not in KNOWN:
            names = ", ".join((*FAMILIES, ALL))
            raise ValueError(f"hook {hook.name} declares {path.text!r}, which no answer has; parts of one are {names}")


KNOWN = frozenset((name,) for name in FAMILIES)
