"""Hooks of the house that run on every request: they work on the subject itself, without a context that watches them.

A context and what comes with it take 5 us, which is much for what does little. So such a hook notes itself what it
wrote, and leaves everything as it was where it raises.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from ccproxy.pipeline.guards import Quick
from ccproxy.pipeline.hook import Hook, OnError, Stage
from ccproxy.pipeline.paths import parse

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ccproxy.pipeline.subject import Subject

type Wrote = tuple[str, ...] | Coroutine[Any, Any, tuple[str, ...]]
"""The paths that were written, or what is to be awaited for them."""
type Native = Callable[[Subject], Wrote]
type WithParams = Callable[[Subject, Any], Wrote]


def native_hook(  # noqa: PLR0913  all but one of them keywords
    stage: Stage,
    *,
    reads: Sequence[str],
    writes: Sequence[str],
    guard: Callable[[Subject], bool],
    security: bool = False,
    on_error: OnError = "continue",
    late: bool = False,
    patient: bool = False,
    params: type[BaseModel] | None = None,
) -> Callable[[Native | WithParams], Hook]:
    """Makes a hook of a function on the subject; arguments as those of `hook`, `late` and `patient` as in Hook.

    One with `params` gets them as its second argument, and always runs on a context.
    """

    def decorate(native: Any) -> Hook:
        def function(ctx: Any, given: Any) -> Any:
            """The same on a context, as hooks have it that are tried by themselves."""
            wrote = native(ctx.subject) if params is None else native(ctx.subject, given)
            if not isinstance(wrote, tuple):
                return _noted(ctx, wrote)
            ctx.access.wrote |= dict.fromkeys(wrote)
            return None

        return Hook(
            name=native.__name__,
            function=function,
            stages=(stage,),
            reads=tuple(map(parse, reads)),
            writes=tuple(map(parse, writes)),
            guard=Quick(guard),
            params=params,
            on_error="fail" if security else on_error,
            overridable=not security,
            module=native.__module__,
            doc=(inspect.getdoc(native) or "").partition("\n")[0],
            native=native if params is None else None,
            late=late,
            patient=patient,
        )

    return decorate


async def _noted(ctx: Any, waiting: Coroutine[Any, Any, tuple[str, ...]]) -> None:
    ctx.access.wrote |= dict.fromkeys(await waiting)
