"""The vendors' own CLIs and ccproxy share one credential file, and both refresh it; `make clients` runs this.

Each expiry: the access token is over, or is about to be, or the API refuses it; then at once a turn of the CLI, which
talks to its vendor and not to ccproxy, and a request through ccproxy. The internet is that of the tests, the tokens are
made up. Wherever the CLI takes a lock, no refresh token may be used twice: the endpoint then revokes the login.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

import pytest

from tests.clients.expiries import SharedLogin
from tests.clients.jailed_turns import internet
from tests.clients.logins import CLAUDE, CODEX, GEMINI, LOGINS, Login
from tests.support.jailed import House

pytestmark = pytest.mark.clients
EXPIRIES = 50


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A daemon with the three providers, all in one home."""
    with internet() as outer:
        house = House(outer)
        house.daemon.config["providers"] = {login.name: login.config(house.home.root / "home") for login in LOGINS}
        with house:
            yield house
            assert "Traceback" not in house.daemon.output


def through(login: Login, house: House, capsys: pytest.CaptureFixture[str], **options: object) -> dict[str, object]:
    """All expiries of one login; the counters at the end."""
    shared = SharedLogin(login, house, **options)
    for number, way in enumerate(islice(cycle(login.ages), EXPIRIES)):
        shared.expiry(number, way)
    counters = shared.counters()
    with capsys.disabled():
        print(f"\n{shared.figures.told(login.name, counters)}")
    return counters


def test_claude_code(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes locks, and so do we: nothing is used twice."""
    counters = through(CLAUDE, house, capsys)
    assert counters["reused"] == counters["unknown"] == 0


def test_gemini_cli(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes no lock and writes in place; Google's refresh tokens may be used again."""
    counters = through(GEMINI, house, capsys)
    assert counters["unknown"] == 0


def test_codex(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks before it locks: both may use the same refresh token, and who is refused takes what the other got."""
    counters = through(CODEX, house, capsys, revoke=False)
    assert counters["unknown"] == 0
