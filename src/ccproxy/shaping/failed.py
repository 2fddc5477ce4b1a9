"""Requests that could not be shaped: what the log says of each cause once, and what `ccproxy status` tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ccproxy.pipeline.blame import last_line
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.shape_hooks import ShapeHook


class OfRequest(ShapeError):
    """One request that cannot be shaped, while others can. `cause` is the same for all that fail alike."""

    def __init__(self, message: str, fix: str = "", cause: str = "") -> None:
        super().__init__(message, fix)
        self.cause = cause or message


class BodyUnread(OfRequest):
    """A request whose body is no JSON object."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"cannot be shaped: {why}", cause="body")


def hook_failed(hook: ShapeHook, error: BaseException) -> OfRequest:
    """What a shape hook raised, with the line of its module where that was."""
    place = last_line(error, Path(hook.function.__code__.co_filename))
    at = f" ({Path(place.file).name}, line {place.line})" if place else ""
    name = f"{hook.module}:{hook.name}"
    message = f"the shape hook {name} failed on this request{at}: {error!r}"
    return OfRequest(message, "see the traceback in ccproxy's log", f"{name} {type(error).__name__}{at}")


@dataclass(slots=True)
class Failures:
    """Those of one profile since its shape was read."""

    count: int = 0
    """Requests that could not be shaped because of what they are, or of a shape hook."""
    last: str | None = None
    """What the last of them failed with."""
    request: str = ""
    """The id of that one."""
    said: set[str] = field(default_factory=set)
    """The causes that the log has told."""

    def add(self, error: ShapeError, request: str = "") -> bool:
        """Counts one, of a request by its id: a hook that fails is run again. True if it is the first of its cause."""
        cause = str(error)
        if isinstance(error, OfRequest):
            self.count += not request or request != self.request
            self.last, self.request, cause = str(error), request, error.cause
        first = cause not in self.said
        self.said.add(cause)
        return first
