"""The resolver of jails, with a machine's files and name servers as a test makes them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fronts.interceptor.policy.packets import (
    AAAA,
    FORMERR,
    HTTPS,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    SERVFAIL,
    TXT,
)
from tests.support.tls import Authority

pytestmark = pytest.mark.jail

REPOSITORY = Path(__file__).parents[4]
PROBE = [sys.executable, "-m", "tests.fronts.interceptor.policy.resolver_probe"]
HOSTS = "127.0.0.1 localhost\n203.0.113.77 printer printer.test\n"

type Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path, authority: Authority) -> Ask:
    """Asks one question after the other on a machine with these files, and returns what was said."""

    def asked(*questions: dict[str, Any], resolv: str | None = "nameserver 127.0.0.1\n") -> dict[str, Any]:
        etc = tmp_path / "etc"
        etc.mkdir()
        (etc / "hosts").write_text(HOSTS)
        (etc / "nsswitch.conf").write_text("hosts: files dns\n")
        if resolv is None:
            (etc / "resolv.conf").symlink_to("nowhere/at/all")
        else:
            (etc / "resolv.conf").write_text(resolv)
        command = ["unshare", "-rnm", *PROBE, str(authority.ca_file), str(etc)]
        done = subprocess.run(
            command, input=json.dumps(questions).encode(), capture_output=True, timeout=50, cwd=REPOSITORY, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return asked


def test_names_are_resolved_as_this_machine_would(ask: Ask) -> None:
    result = ask(
        {"name": "api.test"},
        {"name": "api.test", "kind": AAAA},
        {"name": "api.test", "kind": AAAA, "ipv6": False},
        {"name": "api.test", "transport": "tcp"},
        {"name": "missing.test"},
        {"name": "empty.test"},
        {"name": "printer.test"},
        {"name": "printer"},
    )
    codes = [said["code"] for said in result["said"]]
    assert codes == [NOERROR, NOERROR, NOERROR, NOERROR, NXDOMAIN, NOERROR, NOERROR, NOERROR]
    answers = [said["answers"] for said in result["said"]]
    address6 = "2001:db8::"
    assert answers == [["203.0.113.5"], [address6], [], ["203.0.113.5"], [], [], ["203.0.113.77"], ["203.0.113.77"]]
    assert result["said"][0]["names"] == ["api.test"]
    assert not any("printer" in name for _, name in result["asked"])
    assert all(said["failure"] is None for said in result["said"])


def test_other_records_are_asked_of_the_first_name_server(ask: Ask) -> None:
    result = ask(
        {"name": "api.test", "kind": TXT},
        {"name": "api.test", "kind": TXT, "transport": "tcp"},
        {"name": "missing.test", "kind": HTTPS},
    )
    assert [said["code"] for said in result["said"]] == [NOERROR, NOERROR, NXDOMAIN]
    assert [said["answers"] for said in result["said"]] == [["\x05hello"], ["\x05hello"], []]
    assert result["asked"] == [["udp", "api.test"], ["tcp", "api.test"], ["udp", "missing.test"]]


def test_local_names_are_never_passed_on(ask: Ask) -> None:
    result = ask(
        {"name": "localhost"},
        {"name": "a.LOCALHOST", "kind": AAAA},
        {"name": "localhost", "kind": TXT},
        {"name": "secret.invalid"},
        {"name": "secret.invalid", "kind": TXT},
    )
    assert [said["code"] for said in result["said"]] == [NOERROR, NOERROR, NOERROR, NXDOMAIN, NXDOMAIN]
    assert [said["answers"] for said in result["said"]] == [["127.0.0.1"], ["::1"], [], [], []]
    assert result["asked"] == []


def test_what_is_no_question(ask: Ask) -> None:
    notify, response = 0x2100, 0x8180
    result = ask({"name": "api.test", "flags": notify}, {"name": "api.test", "flags": response})
    assert [said["code"] for said in result["said"]] == [NOTIMP, FORMERR]
    assert result["asked"] == []


@pytest.mark.parametrize("resolv", [None, "", "options edns0\n"], ids=["dangling", "empty", "no servers"])
def test_a_machine_that_tells_no_name_server(ask: Ask, resolv: str | None) -> None:
    """What getaddrinfo knows is told; without servers glibc asks 127.0.0.1, where the test's own answers."""
    result = ask({"name": "printer.test"}, {"name": "api.test"}, {"name": "api.test", "kind": TXT}, resolv=resolv)
    assert [said["code"] for said in result["said"]] == [NOERROR, NOERROR, SERVFAIL]
    assert [said["answers"] for said in result["said"]] == [["203.0.113.77"], ["203.0.113.5"], []]
    reason = "api.test cannot be resolved: this machine tells no name server"
    assert reason in result["said"][2]["failure"][1]


def test_a_hosts_file_that_changes(ask: Ask) -> None:
    changed = {"name": "printer.test", "hosts": "203.0.113.78 printer.test\n"}
    result = ask({"name": "printer.test"}, changed)
    assert [said["answers"] for said in result["said"]] == [["203.0.113.77"], ["203.0.113.78"]]


def test_a_name_server_that_is_not_there(ask: Ask) -> None:
    result = ask({"name": "api.test", "kind": TXT}, {"name": "printer.test"}, resolv="nameserver 127.0.0.9\n")
    assert [said["code"] for said in result["said"]] == [SERVFAIL, NOERROR]
    assert "api.test cannot be resolved: " in result["said"][0]["failure"][1]
