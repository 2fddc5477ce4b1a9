"""Gemini CLI with a Google login of its own: on the listener, and in the jail with and without anybody's claim.

No key names a provider. The internet is that of the tests, which knows two access tokens of one made-up account: that
of ccproxy's own login, and that of Gemini CLI.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.expiries import account
from tests.clients.jailed_turns import internet
from tests.clients.logins import Members
from tests.clients.programs import write
from tests.clients.three_logins import GEMINI
from tests.support.jailed import House
from tests.support.outer import Outer

pytestmark = pytest.mark.clients
HOST, CALL = "cloudcode-pa.googleapis.com", "/v1internal:streamGenerateContent?alt=sse"
SECONDS = 120.0
SECRET = "the secret word is xylophone"
ASKED, FALLBACK = "gemini-2.5-flash", "gemini-2.5-pro"
OURS, ITS = "ours", "its"
JAIL = ("run", "--inspect")
FOUND: Members = {"find_logins": True, "gemini_capacity": {"fallback_models": [FALLBACK]}}
ELSEWHERE: Members = FOUND | {
    "providers": {"other": {"type": "anthropic", "base_url": "simulator:"}},
    "lightllm": {"transforms": [{"match_path": "^/v1internal:streamGenerateContent", "dest_provider": "other"}]},
}
CLAIMED: Members = FOUND | {"lightllm": {"transforms": [{"match_host": HOST, "dest_provider": "gemini"}]}}


@dataclass(frozen=True)
class Way:
    """How it gets to Google, with whose token, and what the records say of that."""

    name: str
    command: tuple[str, ...]
    config: Members
    token: str
    action: str
    provider: str | None
    busy: bool = False
    """Whether ccproxy asks again for it."""


WAYS = [
    Way("listener", ("run",), FOUND, OURS, "redirect", "gemini", busy=True),
    Way("unclaimed", JAIL, {"find_logins": False}, ITS, "passthrough", None),
    Way("claimed-by-host", JAIL, FOUND, ITS, "passthrough", None),
    Way("claimed-by-rule", JAIL, CLAIMED, OURS, "redirect", "gemini", busy=True),
    Way("another-vendor", ("run",), ELSEWHERE, OURS, "transform", "other"),
]
every_way = pytest.mark.parametrize("place", WAYS, ids=lambda way: way.name, indirect=True)


class Place:
    """A daemon whose user is logged in, and Gemini CLI with another token of the same account."""

    def __init__(self, way: Way, outer: Outer, house: House, tokens: dict[str, Members]) -> None:
        self.way, self.outer, self.house, self._tokens = way, outer, house, tokens

    def turn(self, prompt: str, name: str) -> tuple[str, list[Members]]:
        """A turn in a fresh home, where NOTE is a file: what was printed, and the records of the calls to the model."""
        home = self.house.home.root / "home" / name
        prompt = prompt.replace("NOTE", str(home / "work" / "note.txt"))
        GEMINI.settle(home)
        put_login(home, self._tokens[ITS])
        (home / "work").mkdir()
        (home / "work" / "note.txt").write_text(SECRET + "\n")
        self.outer.person.own(home)
        seen = len(self.outer.arrived())
        self.house.daemon.control("DELETE", "/flows")
        command = (*self.way.command, "--", *GEMINI.command[:-1], prompt)
        env = GEMINI.environment(home, self.outer.ca)
        done = self.house.cli(*command, env=env, cwd=home / "work", timeout=SECONDS)
        assert done.returncode == 0, (done, self.house.daemon.output[-3000:])
        arrived = [each for each in self.outer.arrived()[seen:] if each.get("host") == HOST]
        return done.stdout.decode(), self._judged(arrived)

    def _judged(self, arrived: list[Any]) -> list[Members]:
        """All that came to Google came with the right token; the calls came as the client had made them."""
        token = f"Bearer {self._tokens[self.way.token]['access_token']}"
        assert {dict(map(tuple, each["headers"]))["authorization"] for each in arrived} == {token}, arrived
        assert not [each for each in arrived if "ccproxy" in str(each["headers"]).lower()]
        flows: list[Members] = self.outer.until(self._calls)
        for flow in flows:
            told = (flow["status"], flow["action"], flow["provider"], flow["format"], flow["stream"], flow["error"])
            assert told == (200, self.way.action, self.way.provider, "gemini", True, None), flow
            assert flow["usage"]["output_tokens"] > 0
        if self.way.action != "transform" and all(flow["attempts"] == 1 for flow in flows):
            sizes = sorted(each["size"] for each in arrived if each["target"] == CALL)
            assert sizes == sorted(flow["request_bytes"] for flow in flows)
        return flows

    def _calls(self) -> list[Members]:
        flows = [each for each in self.house.daemon.control("GET", "/flows?limit=500") if each["path"] == CALL]
        return flows if all(flow["done"] for flow in flows) else []


def put_login(home: Path, grant: Members) -> None:
    """Writes the credential file of a home."""
    document = dict(GEMINI.first)
    GEMINI.aged(document, grant)
    write(GEMINI.file(home), json.dumps(document))
    GEMINI.file(home).chmod(0o600)


@pytest.fixture(scope="module")
def outer() -> Iterator[Outer]:
    with internet() as made:
        yield made


@pytest.fixture(scope="module")
def tokens(outer: Outer) -> dict[str, Members]:
    """Two tokens of one account."""
    ours = account(outer, "google", "begin")
    form = f"grant_type=refresh_token&refresh_token={ours['refresh_token']}"
    told = outer.run(["curl", "-sSf", "-d", form, "https://oauth2.googleapis.com/token"])
    return {OURS: ours, ITS: ours | {"access_token": json.loads(told.stdout)["access_token"]}}


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest, outer: Outer, tokens: dict[str, Members]) -> Iterator[Place]:
    """The daemon of a way."""
    house = House(outer, request.param.config)
    put_login(house.home.root / "home", tokens[OURS])
    before = len(outer.arrived(host=HOST))
    with house:
        if request.param.config["find_logins"]:
            outer.until(lambda: len(outer.arrived(host=HOST)) > before)  # it has asked for the account's project
        yield Place(request.param, outer, house, tokens)
        assert "Traceback" not in house.daemon.output
        assert not [line for line in house.daemon.output.splitlines() if " ERROR " in line], house.daemon.output


@every_way
def test_a_plain_turn(place: Place) -> None:
    printed, _ = place.turn("say hi", "plain")
    assert "Hello from the simulator" in printed


@every_way
def test_a_turn_with_a_tool_call(place: Place) -> None:
    """Where ccproxy answers for it, the model is busy too."""
    busy = f"SIM_BUSY {ASKED} 429 20ms " if place.way.busy else ""
    printed, flows = place.turn(f"{busy}SIM_THINK SIM_TOOL read NOTE", "tool")
    assert SECRET in printed, printed
    assert len(flows) >= 2
    assert [flow["dest_model"] for flow in flows][:2] == [FALLBACK if busy else ASKED, ASKED]
