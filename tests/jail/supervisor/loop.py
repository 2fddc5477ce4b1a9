"""A loop of the house that runs as long as the other side of a test does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ccproxy.jail.poll import Poller

BOUND_SECONDS = 30.0


def drive(poller: Poller, until: Callable[[], bool]) -> None:
    """Runs the loop until something is so."""

    def look() -> None:
        if until():
            poller.stop()

    def too_long() -> None:
        raise TimeoutError("it never became so")

    numbers = (poller.every(0.005, look), poller.after(BOUND_SECONDS, too_long))
    poller.run()
    for number in numbers:
        poller.cancel(number)


def beside[T](poller: Poller, client: Callable[[], T]) -> T:
    """What a blocking client returns, or raises, while the loop runs."""
    found: dict[str, Any] = {}

    def work() -> None:
        try:
            found["value"] = client()
        except BaseException as error:
            found["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    drive(poller, lambda: not thread.is_alive())
    if "error" in found:
        raise found["error"]
    return found["value"]
