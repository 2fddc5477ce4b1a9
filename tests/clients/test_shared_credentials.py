"""The vendors' own CLIs and ccproxy share one credential file, and both refresh it; `make clients` runs this.

Each expiry: the access token is over, or is about to be, or the API refuses it; then at once a turn of the CLI, which
talks to its vendor and not to ccproxy, and a request through ccproxy. The internet is that of the tests, the tokens are
made up. Wherever the CLI takes a lock, no refresh token may be used twice: the endpoint then revokes the login.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from tests.clients.expiries import WRITTEN_SECONDS, SharedLogin
from tests.clients.jailed_turns import internet
from tests.clients.logins import Login, found
from tests.clients.three_logins import CLAUDE, CODEX, GEMINI, LOGINS
from tests.support.jailed import House

pytestmark = pytest.mark.clients
EXPIRIES, STARTS = 50, 8


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A daemon with the three providers, all in one home."""
    with internet() as outer:
        house = House(outer)
        house.daemon.config["providers"] = {login.name: login.config(house.home.root / "home") for login in LOGINS}
        with house:
            yield house
            assert "Traceback" not in house.daemon.output


type Counters = dict[str, Any]
type Through = Callable[..., Counters]


@pytest.fixture
def through(house: House, capsys: pytest.CaptureFixture[str]) -> Through:
    """Takes a login through its expiries, prints the figures, and gives the endpoint's counters."""

    def run(login: Login, **options: Any) -> Counters:
        shared = SharedLogin(login, house, **options)
        for number, way in enumerate(islice(cycle(login.ages), EXPIRIES)):
            shared.expiry(number, way)
        counters = shared.counters()
        with capsys.disabled():
            print(f"\n{shared.figures.told(login.name, counters)}")
        secrets = {post["refresh_token"] for post in counters["posted"]} | {found(shared.document(), login.access_path)}
        assert not [secret for secret in secrets if secret in house.daemon.output]
        return counters

    return run


def test_claude_code(through: Through) -> None:
    """It takes locks, and so do we: nothing is used twice."""
    counters = through(CLAUDE)
    assert counters["reused"] == counters["unknown"] == 0


def test_gemini_cli(through: Through) -> None:
    """It takes no lock and writes in place; Google's refresh tokens may be used any number of times."""
    assert through(GEMINI)["unknown"] == 0


def test_codex(through: Through) -> None:
    """It asks before it locks: both may use the same refresh token, and who is refused takes what the other got."""
    assert through(CODEX, revoke=False)["unknown"] == 0


def test_codex_finds_a_token_that_was_renewed_in_time(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """We renew 420 s before the end, Codex 300 s: in between nothing is used twice, although Codex takes no lock.

    The daemon is another each time: one that has seen a token for long would have renewed it already.
    """
    shared = SharedLogin(CODEX, house)
    for number in range(STARTS):
        house.daemon.stop()
        shared.age("early")
        house.daemon.start()
        shared.both(number, "early")
        house.outer.until(lambda: shared.counters()["granted"] > number, WRITTEN_SECONDS)  # noqa: B023
    counters = shared.counters()
    with capsys.disabled():
        print(f"\n{shared.figures.told('codex, in time', counters)}")
    assert (counters["granted"], counters["posts"]) == (STARTS, STARTS)
