"""What ccproxy says to somebody who uses it around a jail: who, where to look, and what to do."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.support.internet import names
from tests.support.internet.services import UDP_ECHO
from tests.support.jailed import House
from tests.support.outer.outer import scripts

DATAGRAM = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.settimeout(10)
sock.connect((sys.argv[1], int(sys.argv[2])))
sock.send(b"ping \\x00\\xff"); print(sock.recv(100))
"""


def alone(house: House, config: dict[str, object]) -> dict[str, str]:
    """Variables with which another daemon belongs to the command, if any."""
    written = house.file("alone/ccproxy.yaml", json.dumps({"ccproxy": config}))
    return {"CCPROXY_CONFIG_DIR": str(written.parent)}


def test_a_daemon_for_one_command_says_where_to_look(house: House) -> None:
    env = alone(house, {"port": 0, "inspector": {"port": 0}})
    line = f"{shlex.quote(scripts('ccproxy'))} status"
    done = house.jail("sh", "-c", f"{line}; echo it ran", options=("--start",), env=env)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, b"it ran")
    said = (
        r"ccproxy: a daemon runs as long as this command: .*`ccproxy flows list`, .* http://127.0.0.1:\d+/\?token=\w+"
    )
    assert re.fullmatch(said, done.stderr.decode().strip())


def test_a_daemon_that_does_not_start_tells_all_that_is_wrong(house: House) -> None:
    env = alone(house, {"port": "many", "prot": 1})
    done = house.jail("true", options=("--start",), env=env)
    first, *rest = done.stderr.decode().splitlines()
    assert (done.returncode, first) == (125, "ccproxy: the daemon did not start")
    assert rest[0] == "  the configuration is not valid"
    assert [word in "".join(rest) for word in ("port: should be", "did you mean port?")] == [True, True]


def test_a_provider_that_there_is_not(house: House) -> None:
    done = house.jail("echo", "it ran", options=("--provider", "nope"))
    assert (done.returncode, done.stdout) == (125, b"")
    assert done.stderr.startswith(b"ccproxy: there is no provider 'nope'\n  configured: ")


def test_no_check_is_no_option_of_the_jail(house: House) -> None:
    done = house.jail("echo", "it ran", options=("--no-check",))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--no-check does not go with --inspect" in done.stderr


@pytest.mark.parametrize("command", [("flows", "list"), ("namespace", "wireguard-config")], ids=" ".join)
def test_the_daemon_cannot_be_asked_from_inside(house: House, command: tuple[str, ...]) -> None:
    done = house.jail(scripts("ccproxy"), *command)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"ccproxy: this is a jail, from which the daemon cannot be asked\n  ")


def test_messages_that_are_no_text_are_spelled_out(house: House) -> None:
    address = names.address4("udp.example.com") or ""
    name = f"spelled-{house.outer.person.name}"
    house.jail("python", "-c", DATAGRAM, address, str(UDP_ECHO), options=("--name", name))
    flow = house.flow(protocol="udp", jail=name)
    shown = house.cli("flows", "show", flow["id"], "--bodies").stdout.decode()
    assert shown.endswith("messages\n→ ping \\x00\\xff\n← ping \\x00\\xff\n")


def test_an_address_is_told_with_the_name_that_it_was_looked_up_by(house: House) -> None:
    name = f"looked-up-{house.outer.person.name}"
    connect = "import socket; socket.create_connection(('mail.example.com', 2525)).recv(9)"
    house.jail("python", "-c", connect, options=("--name", name))
    flow = house.flow(protocol="tcp", jail=name)
    address = names.address4("mail.example.com")
    assert flow["reason"] == f"nobody claims {address}, which it looked up as mail.example.com"


def test_of_dns_the_question_and_the_answers_are_told(house: House) -> None:
    name = f"asked-{house.outer.person.name}"
    house.jail("getent", "ahostsv4", "told.example.com", options=("--name", name))
    flow = house.flow(protocol="dns", jail=name, path="told.example.com A")
    shown = house.cli("flows", "show", flow["id"], "--bodies").stdout.decode()
    assert shown.startswith("DNS told.example.com A  NOERROR\n")
    assert f"  answers       A {names.address4('told.example.com')}\n" in shown
    assert "\nmessages\n" not in shown


def test_a_capture_that_cannot_be_written_is_called_by_its_name(house: House) -> None:
    """Not by that of the file that was to become it."""
    secrets = house.file("keys/tls.keylog", "CLIENT_RANDOM " + "0" * 64 + " " + "0" * 96 + "\n")
    capture = str(house.home.root / "home" / "some.pcap")
    assert house.jail("true", options=("--pcap", capture)).returncode == 0
    command = ("namespace", "decrypt-capture", capture, "/nowhere/out.pcapng", "--tls-keylog", str(secrets))
    done = house.cli(*command)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"ccproxy: /nowhere/out.pcapng: No such file or directory\n"
