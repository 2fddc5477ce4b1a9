"""`ccproxy shapes capture` with a made-up client: what it keeps, what it says, and that nothing leaves the machine."""

from __future__ import annotations

import json
import subprocess
import sys

from ccproxy.shaping.shape import CREDENTIAL, HOST, LENGTH
from tests.jail.capture.conftest import SECRETS, Captured, Person
from tests.support.outer.outer import REPOSITORY, scripts


def test_a_capture_is_told_and_leaves_nothing_behind(captured: Captured) -> None:
    done, printed = captured.done, captured.done.stdout.decode()
    assert done.returncode == 0, done
    assert "refresh 503\ncall 200\n" in printed
    assert "other 503" in printed
    assert "kept: anthropic, as made-up 1.2.3 calls /v1/messages" in printed
    assert "put `shape: anthropic` into a provider" in printed + done.stderr.decode()
    assert captured.person.left_behind() == []


def test_the_envelope_is_kept_and_nothing_else(captured: Captured) -> None:
    shape = captured.shape
    fields = {name.decode().lower(): value.decode() for name, value in shape.headers}
    assert (shape.method, shape.url) == ("POST", "https://api.anthropic.com/v1/messages?beta=true")
    assert fields["x-made-up"] == "an envelope"
    assert (fields["x-api-key"], fields["host"], fields["content-length"]) == (CREDENTIAL, HOST, LENGTH)
    assert shape.body == {"made_up_member": {"kept": True}}
    for name, content in captured.person.kept().items():
        assert not [secret for secret in SECRETS if secret.encode() in content], name


def test_the_login_of_the_client_is_as_it_was(captured: Captured) -> None:
    assert captured.person.login.read_bytes() == captured.login


def test_where_it_comes_from_is_kept(captured: Captured) -> None:
    known = captured.shape.provenance
    assert (known.source, known.client, known.version) == ("capture", "made-up", "1.2.3")
    assert known.program == str((captured.person.folder / "lib" / "made-up" / "cli.py").resolve())
    assert known.program_version == "4.5.6"
    assert known.captured is not None
    fingerprint = captured.person.store().fingerprint("anthropic")
    assert fingerprint is not None
    assert known.ja4 == fingerprint["ja4"]
    assert known.ja4.startswith("t13d")


def test_not_one_packet_passes_the_network_that_it_is_run_in(captured: Captured) -> None:
    assert captured.packets == []
    assert captured.person.outer.arrived() == []


def test_the_network_would_show_packets(person: Person) -> None:
    """What the test above would see of a client that runs outside."""
    done = person.outer.run([str(person.folder / "bin" / "made-up"), "silent"], person.environment(), cwd=person.folder)
    assert done.returncode != 0
    assert person.outer.until(person.outer.sniffed)


def test_the_place_has_no_way_out(person: Person) -> None:
    code = """
import json, os, socket
from ccproxy.cli.shapes.sealed.place import seal
seal(os.environ)
def dial(*address):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(b"x", address)
        except OSError as error:
            return error.errno
addresses = [("192.0.2.1", 53), ("198.18.0.1", 443), ("10.0.0.53", 53), ("2001:db8::1", 443)]
named = socket.gethostbyname("api.anthropic.com")
print(json.dumps([[name for _, name in socket.if_nameindex()], [dial(*each) for each in addresses], named]), flush=True)
"""
    done = person.outer.run([sys.executable, "-c", code], person.environment(), cwd=person.folder)
    assert done.returncode == 0, done
    interfaces, errors, named = json.loads(done.stdout)
    assert interfaces == ["lo"]
    assert all(errors), errors
    assert named.startswith(("198.18.", "198.19."))


def test_who_calls_no_model_is_told_what_was_sent(person: Person) -> None:
    done = person.capture("silent", "expired")
    said = done.stderr.decode()
    assert done.returncode == 1, done
    assert "made-up ended without a call that the profile is for" in said
    assert "GET     other.example/v1/things  503: its method is GET, not POST" in said
    assert "POST    platform.claude.com/v1/oauth/token  503: its path /v1/oauth/token does not match" in said
    assert "run made-up once without ccproxy" in said
    assert SECRETS[2] not in said
    assert person.kept() == {}


def test_a_client_that_does_not_end_is_ended(person: Person) -> None:
    done = person.capture("slow", options=("--timeout", "3"))
    assert done.returncode == 0, done
    assert "kept: anthropic" in done.stdout.decode()
    assert person.left_behind() == []


def test_nothing_outlives_a_command_that_is_killed(person: Person) -> None:
    line = [scripts("ccproxy"), "shapes", "capture", "anthropic", "--", "made-up", "slow"]
    running = person.outer.popen(line, person.environment(), cwd=person.folder, stdout=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stdout.readline() == b"other 503\n"
    assert len(person.processes()) >= 2
    running.kill()
    assert person.outer.until(lambda: not person.processes())


def test_a_client_that_is_not_there(person: Person) -> None:
    done = person.cli("shapes", "capture", "anthropic", "--", "made-up-elsewhere", "-p")
    assert (done.returncode, done.stderr) == (127, b"ccproxy: made-up-elsewhere: command not found\n")


def test_a_profile_that_is_not_there(person: Person) -> None:
    done = person.cli("shapes", "capture", "antropic", "--", "made-up")
    assert done.returncode == 1, done
    assert b"did you mean 'anthropic'" in done.stderr


def test_a_machine_without_namespaces(person: Person) -> None:
    broken = [sys.executable, str(REPOSITORY / "tests/jail/doctor/broken.py"), "no_userns", "--"]
    line = [scripts("ccproxy"), "shapes", "capture", "anthropic", "--", "made-up"]
    done = person.outer.run([*broken, *line], person.environment(), cwd=person.folder)
    assert done.returncode == 125, done
    assert b"user namespaces" in done.stderr
    assert b"ccproxy namespace doctor" in done.stderr
    assert b"Traceback" not in done.stderr
