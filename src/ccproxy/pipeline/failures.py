"""What can go wrong with a hook on a request."""

from __future__ import annotations

import asyncio

RAISED = (Exception, SystemExit, asyncio.CancelledError)
"""What a hook may raise without taking the daemon with it."""


def is_the_end(error: BaseException) -> bool:
    """True for the cancellation of the request that a hook works on, and not of something that the hook waits for."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


class Unfit(Exception):
    """The request has not what the hook works on (JSON, a model call): it is skipped, and that is no failure."""


class Refusal(Exception):
    """A hook refuses the request: `status` and `message` go to the client, `kind` is a stable short token.

    `retry_after` is the value of the field by that name, if the client is to try again. It is for hooks with
    `on_error: fail`; from any other it is a failure like all.
    """

    def __init__(self, status: int, kind: str, message: str, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.retry_after = status, kind, message, retry_after


class Undeclared(Exception):
    """The hook wrote what it does not declare to write."""


class HookFailed(Exception):
    """A hook with `on_error: fail` failed; the cause is the error."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(f"hook {name} failed: {error}" if str(error) else f"hook {name} failed: {error!r}")
        self.name = name


class InvalidOverride(ValueError):
    """`x-ccproxy-hooks` asks for what cannot be."""
