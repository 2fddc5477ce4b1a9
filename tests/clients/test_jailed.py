"""Real clients in a jail finish turns and tool turns with the providers they come with; `make clients` runs this.

The internet of the tests answers at the providers' names. No client is told an address; copilot alone, which has no
provider of its own that takes an API key, is told OpenAI's.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.jailed_programs import AIDER, TOOL_USERS, Jailed, aider_with
from tests.clients.jailed_turns import Turns, internet
from tests.support.jailed import House

pytestmark = pytest.mark.clients
SECRET = "the secret word is xylophone"
LISTENER = """
import http.server

class Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"you may close this page")

http.server.HTTPServer(("127.0.0.1", 1455), Callback).handle_request()
"""
every_client = pytest.mark.parametrize("client", [*TOOL_USERS, AIDER], ids=lambda client: client.name)
every_tool_user = pytest.mark.parametrize("client", TOOL_USERS, ids=lambda client: client.name)


@pytest.fixture(scope="module")
def turns() -> Iterator[Turns]:
    """A daemon whose configuration claims nothing."""
    with internet() as outer, House(outer) as house:
        yield Turns(house)
        assert " ERROR " not in house.daemon.output
        assert "Traceback" not in house.daemon.output


@every_client
def test_a_plain_turn(client: Jailed, turns: Turns) -> None:
    turn = turns.run(client, "say hi", turns.folder(f"{client.name}-plain"))
    assert "Hello from the simulator" in turn.printed


@every_tool_user
def test_a_turn_with_a_tool_call(client: Jailed, turns: Turns) -> None:
    home = turns.folder(f"{client.name}-tool")
    note = home / "work" / "note.txt"
    note.write_text(SECRET + "\n")
    turn = turns.run(client, f"SIM_TOOL read {note}", home)
    assert SECRET in turn.printed
    assert client.websocket or len(turn.calls) >= 2


def test_aider_edits_a_file_with_another_at_hand(turns: Turns) -> None:
    """It has no tools: it sends files, and finds in the answer what to write."""
    home = turns.folder("aider-edit")
    (home / "work" / "note.txt").write_text(SECRET + "\n")
    (home / "work" / "made.txt").write_text("before\n")
    turn = turns.run(aider_with("--read", "note.txt", "made.txt"), "SIM_ECHO\nmade.txt\n```\nafter\n```\n", home)
    assert (home / "work" / "made.txt").read_text() == "after\n", turn.printed
    told = turns.house.daemon.control("GET", f"/flows/{turn.calls[0]['id']}")
    assert SECRET in told["bodies"]["client_request"]["text"]


def test_a_login_ends_at_a_listener_in_the_jail(turns: Turns) -> None:
    house = turns.house
    login = house.start_jail("python3", "-c", LISTENER, options=("--name", "login"))
    assert login.stderr is not None
    assert b"1455" in login.stderr.readline()
    page = house.outer.run(["curl", "-sSf", "-m", "10", "http://127.0.0.1:1455/callback?code=1"])
    assert page.stdout == b"you may close this page", page
    printed, _ = login.communicate(timeout=20)
    assert (login.returncode, printed) == (0, b"/callback?code=1\n")
