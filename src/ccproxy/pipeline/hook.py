"""`@hook`: a function with its declarations."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from ccproxy.pipeline.paths import WHOLE, Path, covers, parse

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ccproxy.pipeline.context import Context
    from ccproxy.pipeline.native import Native

type Stage = Literal["inbound", "outbound", "response"]
STAGES: tuple[Stage, ...] = get_args(Stage.__value__)
type OnError = Literal["continue", "fail"]

logger = logging.getLogger(__name__)

MOST_COMPLAINTS = 20
MOST_REMEMBERED = 1000
"""Accesses whose permission a step remembers."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook. Calling it calls its function."""

    name: str
    function: Callable[[Any, Any], Any]
    stages: tuple[Stage, ...]
    """Where it can run; where it does not say which, the first."""
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    guard: Callable[[Any], bool] | None = None
    params: type[BaseModel] | None = None
    on_error: OnError = "continue"
    overridable: bool = True
    """Whether a client may switch it on and off (`x-ccproxy-hooks`)."""
    module: str = ""
    doc: str = ""
    """The first line of the function's docstring."""
    native: Native | None = None
    """What runs in place of the function, for hooks of the house: see `native_hook`."""
    patient: bool = False
    """Whether it waits longer than others may, and sees to its own limits."""
    late: bool = False
    """Whether it makes of the request what leaves, and so runs once others are done with it: see `late`."""

    def __call__(self, ctx: Context, params: Any = None) -> Any:
        return self.function(ctx, params)

    @property
    def concurrent(self) -> bool:
        """True if it may wait for something, and others run meanwhile."""
        return inspect.iscoroutinefunction(self.function)


def hook(  # noqa: PLR0913  all of them keywords
    *,
    stage: Stage | Sequence[Stage],
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    guard: Callable[[Any], bool] | None = None,
    params: type[BaseModel] | None = None,
    on_error: OnError | None = None,
    overridable: bool | None = None,
    security: bool = False,
) -> Callable[[Callable[[Any, Any], Any]], Hook]:
    """Makes a hook of a function `(ctx, params)`, sync or async.

    Args:
        stage: where it runs: "inbound" before the route is decided, "outbound" before the request leaves, "response"
            on each event of the answer. Of several the configuration chooses, else it is the first.
        reads: glom paths into the body, `headers.NAME`, `exchange.FIELD`.
        writes: the same. It may write nothing else. It runs before all that read what it writes.
        guard: says by the same context whether there is anything to do.
        params: a pydantic model; the configuration's `params` are validated by it, and `params` is an instance of it.
        on_error: whether a request goes on without this hook if it fails ("continue", the default) or is refused.
        overridable: whether a client may switch it on or off by `x-ccproxy-hooks`. True by default.
        security: sets the defaults for hooks that must not be gone round: "fail", and not overridable.

    Raises ValueError for declarations that mean nothing.
    """
    stages = (stage,) if isinstance(stage, str) else tuple(stage)
    if not stages or not set(stages) <= set(STAGES):
        raise ValueError(f"stage is {stage!r}, and should be one or more of {', '.join(STAGES)}")
    for name, declared in (("reads", reads), ("writes", writes)):
        if isinstance(declared, str):
            raise ValueError(f"{name} is {declared!r}, and should be a list: {name}=[{declared!r}]")  # noqa: TRY004
    if on_error not in (None, "continue", "fail"):
        raise ValueError(f"on_error is {on_error!r}, and should be 'continue' or 'fail'")

    def decorate(function: Callable[[Any, Any], Any]) -> Hook:
        made = Hook(
            name=function.__name__,
            function=function,
            stages=stages,
            reads=tuple(declared_path(text, stages) for text in reads),
            writes=tuple(declared_path(text, stages) for text in writes),
            guard=guard,
            params=params,
            on_error=on_error or ("fail" if security else "continue"),
            overridable=not security if overridable is None else overridable,
            module=function.__module__,
            doc=(inspect.getdoc(function) or "").partition("\n")[0],
        )
        if "response" in stages:
            from ccproxy.pipeline.families import check_families  # loads the events, which other hooks do without

            check_families(made)
        return made

    return decorate


def declared_path(text: str, stages: Sequence[Stage]) -> Path:
    """A declared path; `events` are all of an answer. Raises ValueError."""
    path = parse(text)
    return replace(path, steps=WHOLE) if text == "events" and tuple(stages) == ("response",) else path


@dataclass(slots=True, eq=False)
class Step:
    """A hook in its place in a pipeline, with its parameters."""

    hook: Hook
    stage: Stage
    params: Any = None
    """An instance of `hook.params`, or None."""
    on_error: OnError = "continue"
    overridable: bool = True
    source: str = ""
    """Where it comes from, for people: `hooks.inbound[0]`, `hooks/redact.py`, `entry point mask of acme-hooks 1.0`."""
    undeclared: list[str] = field(default_factory=list)
    """Paths that it read without having declared so; each was said once in the log."""
    _reads: dict[str, bool] = field(default_factory=dict)
    _writes: dict[str, bool] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The hook's name, by which results, overrides and diagrams know it."""
        return self.hook.name

    def may_read(self, path: str) -> bool:
        """True if it declares to read, or to write, what is at `path` or around it."""
        known = self._reads.get(path)
        return known if known is not None else _remember(self._reads, path, (*self.hook.reads, *self.hook.writes))

    def may_write(self, path: str) -> bool:
        """True if it declares to write what is at `path` or around it."""
        known = self._writes.get(path)
        return known if known is not None else _remember(self._writes, path, self.hook.writes)

    def complain_once(self, path: str) -> None:
        """Says that the hook reads what it does not declare, so that nothing orders it after those who write it."""
        if path not in self.undeclared and len(self.undeclared) < MOST_COMPLAINTS:
            self.undeclared.append(path)
            logger.warning("hook %s reads %r but does not declare it: add it to reads=[…]", self.name, path)


def _remember(known: dict[str, bool], path: str, declared: tuple[Path, ...]) -> bool:
    touched = parse(path)
    answer = any(covers(one, touched) for one in declared)
    if len(known) < MOST_REMEMBERED:
        known[path] = answer
    return answer
