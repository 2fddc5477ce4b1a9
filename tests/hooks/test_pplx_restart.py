"""A conversation goes on in its thread though the daemon was killed in between: the archive has what it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.support.perplexity.served import PROVIDER, Served, served
from tests.support.perplexity.server import TOKEN

SECONDS = 20.0
OTHER = "another-account-s-session-" + "0" * 16


def waited(what: Callable[[], Any]) -> Any:
    """What is true in the end."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def text(answer: Any) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


def written(running: Served) -> int:
    return int(running.daemon.control("GET", "/status")["archive"]["written"])


def killed(running: Served, known: int = 1) -> None:
    """The daemon dies at once, and another begins."""
    assert running.daemon.process is not None
    running.daemon.process.kill()
    running.daemon.process.wait()
    running.daemon.start()
    waited(lambda: f"provider '{PROVIDER}': threads that are remembered from before: {known}" in running.daemon.output)


def test_a_thread_outlives_its_daemon() -> None:
    with served(archive=True) as running:
        first = running.ask("openai", "one")
        said = [("user", "one"), ("assistant", text(first)), ("user", "two")]
        waited(lambda: written(running) == 1)
        killed(running)
        under_others = running.ask("openai", [("system", "Be brief."), *said])
        assert text(under_others).startswith("Answer 1 to “[System]: Be brief.")
        running.site.tokens = {OTHER}
        running.session.write_text(OTHER)
        assert text(running.ask("openai", said)).startswith("Answer 1 to “[User]: one")  # another account's
        running.site.tokens = {TOKEN}
        running.session.write_text(TOKEN)
        second = running.ask("openai", said)
        assert text(second) == "Answer 2 to “two”."
        waited(lambda: written(running) == 3)
        killed(running, 3)
        third = running.ask("openai", [*said, ("assistant", text(second)), ("user", "three")])
        assert text(third) == "Answer 3 to “three”."
        again = running.ask("openai", said)  # the same question again: its thread has gone on
        assert text(again).startswith("Answer 1 to “[User]: one")
        assert sorted(len(each.entries) for each in running.site.library.threads) == [1, 1, 1, 3]
        flow = running.daemon.flows()[-1]
        assert flow["thread"] == running.site.library.threads[-1].slug
        told = running.daemon.home.run("flows", "list", "--json").stdout
        assert flow["thread"] in told
        assert "read_write_token" not in told
