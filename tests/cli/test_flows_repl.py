"""`ccproxy flows repl`: its names, in a script and on a terminal, with IPython and without."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.cli.flows.repl.refs import flow_of, flows_of
from ccproxy.cli.grammar import CommandError
from tests.conftest import StartDaemon
from tests.support.archived import archive_of, flow, keep
from tests.support.daemon import Daemon, Home
from tests.support.terminal import Terminal

KEY = "sk-ant-api03-" + "k" * 30


@pytest.fixture(scope="module")
def three() -> Iterator[Daemon]:
    """A daemon through which three requests went, the last with a key in it."""
    with Daemon({"providers": {"sim": {"type": "simulator"}}}) as daemon:
        for said in ("one", "two", f"the key is {KEY}"):
            body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said}]}
            sentinel = [(b"x-api-key", b"sk-ant-oat-ccproxy-sim")]
            assert daemon.ask("POST", "/v1/messages", sentinel, json.dumps(body).encode()).status == 200
        yield daemon


def repl(daemon: Daemon, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return daemon.home.run("flows", "repl", "--model", "m", "-c", code, *options)


def told(daemon: Daemon, code: str, *options: str) -> str:
    done = repl(daemon, code, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


KNOWN = """
assert len(flows) == len(ids) == refresh() == reload() == 3
assert flow(0) is flows[0] and flow_id(ids[1][:20]) == ids[1] and flow(flows[2])["status"] == 200
assert jq("map(.model)") == ["m", "m", "m"]
assert exchange(-1).request.method == "POST"
assert type(client).__name__ == "Control" and session.verbose is False
assert request(1, pretty=False).startswith(b'{"model"')
assert repr(response(1)) == str(response(1)) and '\\n  "model": "m",\\n' in response(1)
show(True)
"""


def test_the_flows_and_what_is_known_of_them(three: Daemon) -> None:
    assert [flow["status"] for flow in json.loads(told(three, KNOWN))] == [200, 200, 200]
    assert told(three, "show()").count("POST /v1/messages") == 3


def test_credentials_are_redacted_unless_they_are_asked_for(three: Daemon) -> None:
    code = "print(request(-1), response(-1), dump(-1), exchange(-1))"
    redacted = told(three, code)
    assert KEY not in redacted
    assert "the key is [redacted]" in redacted
    assert KEY in told(three, code, "--secrets")


def test_files_are_private_and_named_after_the_flow(three: Daemon) -> None:
    folder = three.home.root / "home"
    names = told(
        three, "print(save_request(0), save_response(0), save_request(1, 'b.json'), dump(path='c.har'))"
    ).split()
    id = told(three, "print(ids[0][:8])").strip()
    assert names == [
        str(folder / f"{id}-request.json"),
        str(folder / f"{id}-response.json"),
        str(folder / "b.json"),
        "c.har",
    ]
    for name in names:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert json.loads((folder / "b.json").read_text())["messages"][0]["content"] == "two"
    assert len(json.loads((folder / "c.har").read_text())["log"]["entries"]) == 6


def test_two_requests_are_compared(three: Daemon) -> None:
    shown = told(three, "diff(0, 1); compare()")
    assert "    - one\n  + message 1 (user)\n    + two\n" in shown
    assert shown.count("POST /v1/messages  redirect sim") == 3


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("flow(7)", "ccproxy: there is no flow 7\n  there are 3;"),
        ("request('no-such')", "ccproxy: there is no flow whose id begins with 'no-such'\n"),
        ("flow(True)", "ccproxy: True names no flow: give a place"),
        ("shape('antropic', 0)", "ccproxy: there is no profile 'antropic' in shaping.providers\n  did you mean 'anth"),
        ("jq('map(')", "ccproxy: the jq filter "),
        ("save_request(0, '/no/such/folder/x')", "ccproxy: /no/such/folder/x cannot be written: No such file"),
        ("def f():\n  1/0\nf()", '  File "<-c>", line 3, in <module>\n  File "<-c>", line 2, in f\nZeroDivisionError'),
        ("x = (", "  File \"<-c>\", line 1\n"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_without_a_traceback_of_ours(three: Daemon, code: str, message: str) -> None:
    done = repl(three, code)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)


def test_an_id_may_be_shortened_as_long_as_it_is_one() -> None:
    flows = [{"id": f"ab{number}"} for number in range(7)] + [{"id": "ab1x"}, {"id": "b"}]
    assert flow_of(flows, "b") is flows[-1]
    assert flow_of(flows, "ab1") is flows[1]
    assert flows_of(flows, []) == flows
    assert flows_of(flows, [-1, {"id": "ab0"}]) == [flows[-1], flows[0]]
    with pytest.raises(CommandError) as caught:
        flow_of(flows, "a")
    assert caught.value.details == ("ab0", "ab1", "ab2", "ab3", "ab4", "and 3 more")


def test_flows_are_deleted(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"providers": {"sim": {"type": "simulator"}}})
    for _ in range(2):
        daemon.ask("GET", "/x", [(b"user-agent", uuid.uuid4().hex.encode())])
    before = len(daemon.flows())
    assert told_of_all(daemon, "print(clear(0), len(ids))") == f"1 {before - 1}\n"
    assert told_of_all(daemon, "print(clear(), ids)") == f"{before - 1} []\n"
    assert daemon.flows() == []


def told_of_all(daemon: Daemon, code: str) -> str:
    done = daemon.home.run("flows", "repl", "-c", code)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("console", ["IPython", "standard"])
def test_on_a_terminal(three: Daemon, console: str, tmp_path: Path) -> None:
    (tmp_path / "IPython.py").write_text("raise ImportError('not here')")
    env = {"PYTHONPATH": str(tmp_path)} if console == "standard" else {}
    command = [sys.executable, "-m", "ccproxy", "flows", "repl", "--model", "m"]
    with Terminal(command, three.home.environment(env), three.home.root / "home") as terminal:
        assert "3 flows in `flows`, credentials redacted" in terminal.expect("Ctrl-D ends")
        assert "Traceback" not in terminal.line("flow(99)", "refresh() looks for new ones")
        terminal.line("len(ids) * 111", "333")
        terminal.line("request(0)", '"content": "one"')
        terminal.line("1/0", "ZeroDivisionError")
        terminal.line("flow_id(0) == ids[0]", "True")
        assert terminal.end("exit()") == 0
    name = "repl-history.sqlite" if console == "IPython" else "repl-history"
    kept = three.home.root / "state" / "ccproxy" / name
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert b"len(ids) * 111" in kept.read_bytes()


def test_standard_input_that_is_closed_is_at_its_end(home: Home) -> None:
    keep(archive_of(home), [flow(1)])
    command = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "ccproxy", "flows", "repl"]
    done = subprocess.run(
        command, env=home.environment({}), capture_output=True, text=True, timeout=30, check=False, cwd=home.root
    )
    assert (done.returncode, "internal error" in done.stderr) == (0, False)
