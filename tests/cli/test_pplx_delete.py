"""`ccproxy pplx delete`: what is gone is gone, so it asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.perplexity.account import configured, tides
from tests.support.perplexity.server import PerplexitySite
from tests.support.perplexity.threads import Thread
from tests.support.terminal import Terminal

ASKED = "[y/N]:"


@pytest.fixture
def site() -> Iterator[PerplexitySite]:
    made = PerplexitySite()
    yield made
    made.stop()


@pytest.fixture
def thread(site: PerplexitySite) -> Thread:
    """One of two."""
    site.library.grown({"Another one?": "Yes."})
    return tides(site)


@pytest.fixture
def user(home: Home, site: PerplexitySite, tokens: Path) -> Home:
    home.write({"providers": {"px": configured(site, tokens)}})
    return home


def answered(user: Home, answer: str, *arguments: str) -> tuple[int, str]:
    """The exit status, and the question, of one who is asked."""
    command = [sys.executable, "-m", "ccproxy", "pplx", "delete", *arguments]
    with Terminal(command, user.environment(), user.root / "home") as terminal:
        question = terminal.expect(ASKED)
        return terminal.end(answer), question


@pytest.mark.parametrize(("answer", "status", "left"), [("y", 0, 1), ("n", 1, 2), ("", 1, 2)])
def test_it_asks(user: Home, site: PerplexitySite, thread: Thread, answer: str, status: int, left: int) -> None:
    ended, question = answered(user, answer, thread.slug)
    assert ended == status
    assert "How do tides work?" in question
    assert "2 entries" in question
    assert len(site.library.threads) == left


def test_without_a_terminal_it_deletes_nothing(user: Home, site: PerplexitySite, thread: Thread) -> None:
    for stdin in (None, "y\n"):
        ran = user.run("pplx", "delete", thread.slug, stdin=stdin)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "--yes does it without asking" in ran.stderr
    assert site.calls(method="DELETE") == []


def test_yes_deletes_the_whole_thread(user: Home, site: PerplexitySite, thread: Thread) -> None:
    ran = user.run("pplx", "delete", thread.slug, "--yes")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == f"deleted thread “How do tides work?” ({thread.slug})\n"
    assert [each.title for each in site.library.threads] == ["Another one?"]


def test_one_entry(user: Home, site: PerplexitySite, thread: Thread) -> None:
    first, second = thread.entries
    ended, question = answered(user, "y", thread.slug, "--entry", first.backend_uuid)
    assert (ended, "“How do tides work?” with its answer" in question) == (0, True)
    assert thread.entries == [second]
    assert len(site.library.threads) == 2


@pytest.mark.parametrize("yes", [[], ["--yes"]], ids=["asked", "yes"])
def test_an_entry_that_is_not_in_the_thread(user: Home, site: PerplexitySite, thread: Thread, yes: list[str]) -> None:
    for other in (site.library.threads[0].entries[0].backend_uuid, ""):
        ran = user.run("pplx", "delete", thread.slug, "--entry", other, *yes)
        assert ran.returncode == 1
        assert f"no entry {other!r}" in ran.stderr
        assert f"`ccproxy pplx show {thread.slug}` tells the ids" in ran.stderr
    assert site.calls(method="DELETE") == []
