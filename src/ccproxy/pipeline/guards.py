"""Guards that need no context: they are asked before one is made, which is most of what an idle hook costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.pipeline.context import Context
    from ccproxy.pipeline.subject import Subject


@dataclass(frozen=True, slots=True)
class Quick:
    """A guard by the request alone."""

    fits: Callable[[Subject], bool]

    def __call__(self, ctx: Context) -> bool:
        return self.fits(ctx.subject)


def has_header(*names: str) -> Quick:
    """A guard: true where the request has all of these header fields."""
    wanted = tuple(name.lower().encode("latin-1") for name in names)

    def fits(subject: Subject) -> bool:
        for name in wanted:
            length = len(name)
            if not any(len(one) == length and one.lower() == name for one, _ in subject.headers):
                return False
        return True

    return Quick(fits)
