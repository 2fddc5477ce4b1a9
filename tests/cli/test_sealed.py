"""What a client is told in the sealed place, without running one."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.cli.shapes.sealed.answers import CANNED, aside
from ccproxy.cli.shapes.sealed.client import leading_here
from ccproxy.cli.shapes.sealed.names import respond
from ccproxy.exchange import HttpRequest
from tests.support.archived import call
from tests.support.daemon import Home
from tests.support.internet.dns import question
from tests.support.internet.vendors import VENDORS

TOKEN_PLACES = sorted(url for vendor in VENDORS.values() for url in vendor.token_urls)
REQUEST = HttpRequest("POST", b"/", [(b"ChatGPT-Account-Id", b"acc-1")])


def query(name: str, kind: int) -> bytes:
    """A DNS query."""
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def test_every_name_has_an_address_that_is_nobodys() -> None:
    answers = [respond(query(name, 1)) for name in ("api.anthropic.com", "API.anthropic.com", "chatgpt.com")]
    addresses = [socket.inet_ntoa(answer[-4:]) for answer in answers if answer]
    assert len(addresses) == 3
    assert addresses[0] == addresses[1] != addresses[2]
    assert all(address.startswith(("198.18.", "198.19.")) for address in addresses)


def test_other_records_do_not_exist() -> None:
    answer = respond(query("api.anthropic.com", 28))
    assert answer is not None
    assert struct.unpack_from("!HHHHHH", answer) == (7, 0x8180, 1, 0, 0, 0)
    assert question(answer)[:2] == ("api.anthropic.com", 28)


@given(st.binary(max_size=80))
def test_whatever_comes_is_answered_or_not(data: bytes) -> None:
    answer = respond(data)
    assert answer is None or answer[:2] == data[:2]


@pytest.mark.parametrize("place", [*TOKEN_PLACES, "example.com/v1/oauth/token", "example.com/"])
def test_nobody_gets_or_loses_a_login(place: str) -> None:
    assert aside(place, REQUEST).status == 503


def test_no_answer_has_a_credential_in_it() -> None:
    told = json.dumps([canned(REQUEST) for canned in CANNED.values()]).lower()
    assert "token" not in told
    assert "invalid_grant" not in told


def test_codex_finds_the_account_that_it_is_logged_in_to() -> None:
    answer = json.loads(aside("chatgpt.com/backend-api/wham/accounts/check", REQUEST).body or b"")
    assert (answer["default_account_id"], answer["accounts"][0]["id"]) == ("acc-1", "acc-1")


def test_base_urls_of_this_machine_are_not_the_clients() -> None:
    given_ = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:4000",
        "OPENAI_BASE_URL": "http://[::1]:4000/v1",
        "GOOGLE_GEMINI_BASE_URL": "https://gemini.example.com",
        "HOME": "/home/somebody",
    }
    assert leading_here(given_) == ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"]


def captured_where(home: Home, **shaping: Any) -> Result:
    """A capture with a client that would leave a file, had it been run."""
    home.write({"shaping": shaping})
    return call(home, "shapes", "capture", "anthropic", "--", "touch", str(home.root / "was-run"))


def test_no_client_is_run_where_shapes_dir_is_a_file(home: Home) -> None:
    (home.config_dir / "taken").write_text("")
    done = captured_where(home, shapes_dir="taken")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"ccproxy: {home.config_dir / 'taken'} is no directory\n")
    assert "shaping.shapes_dir" in done.stderr
    assert not (home.root / "was-run").exists()


def test_no_client_is_run_where_shapes_dir_cannot_be_written(home: Home) -> None:
    done = captured_where(home, shapes_dir="/proc/sys/made-up")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "/proc/sys/made-up cannot be made: /proc/sys cannot be written" in done.stderr
    assert "shaping.shapes_dir" in done.stderr


def test_no_client_is_run_where_a_fifo_is_in_the_place_of_the_shape(home: Home) -> None:
    (home.config_dir / "shapes").mkdir(parents=True)
    os.mkfifo(home.config_dir / "shapes" / "anthropic.mflow")
    done = captured_where(home)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "anthropic.mflow cannot be read: it is a FIFO" in done.stderr
