"""The flows of a daemon and of its archive, as one; as they come; and how they are deleted."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import click
import pytest

from ccproxy.cli.flows.chosen.options import Wanted
from ccproxy.cli.flows.watch import Lines
from ccproxy.flows.summary import summarize
from tests.support.archived import archive_of, call, flow, keep
from tests.support.configs import full
from tests.support.daemon import Daemon, Home
from tests.support.http import request_bytes
from tests.support.terminal import Terminal
from tests.support.upstream import Hang, Send, Upstream

BOUND_SECONDS = 15.0


@pytest.fixture(scope="module")
def archiving(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with an archive."""
    with Daemon(full(shared_upstream.url, tmp_path_factory.mktemp("tokens")), archive=True) as running:
        yield running


def passed(daemon: Daemon, agent: str) -> str:
    """The id of a flow that has just passed."""
    before = ids_in(daemon, agent)
    daemon.ask("GET", "/v1/models", [(b"user-agent", agent.encode())])
    until(lambda: len(ids_in(daemon, agent)) > len(before))
    return ids_in(daemon, agent)[-1]


def ids_in(daemon: Daemon, agent: str) -> list[str]:
    """The ids of a client's finished flows, the oldest first."""
    return [each["id"] for each in daemon.flows(lambda each: each["user_agent"] == agent and each["done"])]


def listed(home: Home, agent: str, *options: str) -> list[str]:
    """The ids of the flows of a client."""
    done = call(home, "flows", "list", "--json", "--jq", f'map(select(.user_agent == "{agent}"))', *options)
    assert done.exit_code == 0, done.stderr
    return [each["id"] for each in json.loads(done.stdout)]


def until(holds: Callable[[], bool]) -> None:
    """Waits, with a bound, until something holds."""
    end = time.monotonic() + BOUND_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def archived(daemon: Daemon, id: str) -> bool:
    """Whether the archive has a flow."""
    return not any(each["id"] == id for each in daemon.control("GET", "/flows?unarchived=1"))


@contextmanager
def under_way(daemon: Daemon, upstream: Upstream, agent: str) -> Iterator[str]:
    """A flow whose answer has begun and does not end meanwhile."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\nevent"
    upstream.script = lambda _: [Send(head), Hang()]
    fields = [(b"user-agent", agent.encode()), (b"x-api-key", b"sk-ant-oat-ccproxy-anthropic")]
    with daemon.client() as client:
        client.send(request_bytes("POST", "/v1/messages", fields, b'{"model":"m","messages":[]}'))
        client.head()
        (flow,) = daemon.flows(lambda each: each["user_agent"] == agent)
        yield str(flow["id"])


def test_a_flow_is_there_once_before_and_after_it_is_archived(archiving: Daemon, agent: str) -> None:
    id = passed(archiving, agent)
    assert listed(archiving.home, agent) == [id]
    until(lambda: archived(archiving, id))
    assert listed(archiving.home, agent) == [id]
    assert f"  id            {id}\n" in call(archiving.home, "flows", "show", id[:13]).stdout


def test_what_is_archived_is_there_when_the_daemon_is_not(
    shared_upstream: Upstream, tmp_path: Path, home: Home, agent: str
) -> None:
    with Daemon(full(shared_upstream.url, tmp_path), archive=True, home=home) as daemon:
        id = passed(daemon, agent)
        until(lambda: archived(daemon, id))
    assert listed(home, agent) == [id]
    assert f"  id            {id}\n" in call(home, "flows", "show", id).stdout


def test_credentials_are_shown_on_demand_while_the_daemon_has_them(archiving: Daemon, agent: str) -> None:
    """The archive has none: `flows.secrets` is `none`."""
    fields = [(b"user-agent", agent.encode()), (b"x-my-token", b"s3cret-of-the-client")]
    archiving.ask("GET", "/health?key=s3cret-in-the-query", fields)
    id = str(archiving.flow(agent)["id"])
    until(lambda: archived(archiving, id))
    plain = call(archiving.home, "flows", "show", id, "--json").stdout
    assert "s3cret" not in plain
    told = json.loads(call(archiving.home, "flows", "show", id, "--json", "--secrets").stdout)
    assert ["x-my-token", "s3cret-of-the-client"] in told["client_headers"]
    assert told["url"].endswith("/health?key=s3cret-in-the-query")
    kept = call(archiving.home, "flows", "show", id, "--secrets", "--archive", str(archive_of(archiving.home))).stdout
    assert "/health?key=[redacted]" in kept


def test_without_an_archive_there_is_the_daemon(daemon: Daemon, agent: str) -> None:
    id = passed(daemon, agent)
    assert not archive_of(daemon.home).exists()
    assert listed(daemon.home, agent, "-n", "3") == [id]


def test_a_daemon_that_does_not_answer_is_said_and_hides_no_archive(home: Home) -> None:
    keep(archive_of(home), [flow(1)])
    place = home.root / "run" / "ccproxy"
    place.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / socket_name(home)))
        listener.listen()
        thread = threading.Thread(target=hang_up, args=[listener])
        thread.start()
        done = call(home, "flows", "list", "--json")
        thread.join()
    assert [each["id"] for each in json.loads(done.stdout)] == ["0001-flow"]
    assert done.stderr.startswith("only what is archived: the daemon does not answer on ")


def hang_up(listener: socket.socket) -> None:
    """Answers nothing."""
    listener.accept()[0].close()


def socket_name(home: Home) -> str:
    """What the control socket of a home's configuration is called."""
    return f"control-{sha256(os.fsencode(home.config_dir.resolve())).hexdigest()[:8]}.sock"


def watching(home: Home, *options: str) -> subprocess.Popen[str]:
    """`ccproxy flows list --watch` into a pipe."""
    command = [sys.executable, "-m", "ccproxy", "flows", "list", "--watch", *options]
    return subprocess.Popen(command, env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def interrupted(process: subprocess.Popen[str]) -> Iterator[Iterator[str]]:
    """The lines that a program prints; at the end it gets a Ctrl-C, which it takes well."""
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield iter(process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(BOUND_SECONDS) == 0, process.stderr.read()
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_flows_are_printed_as_they_finish(archiving: Daemon, agent: str) -> None:
    first = passed(archiving, agent)
    only = ("--jq", f'map(select(.user_agent == "{agent}"))')
    with interrupted(watching(archiving.home, *only)) as lines:
        titles = "ID TIME CLIENT REQUEST MODEL → PROVIDER STATUS IN/OUT/CACHED COST FIRST BYTE TOTAL ERROR"
        assert next(lines).split() == titles.split()
        assert next(lines).startswith(first[:8])
        passed(archiving, "somebody else")
        second, third = passed(archiving, agent), passed(archiving, agent)
        assert [next(lines)[:8], next(lines)[:8]] == [second[:8], third[:8]]


@pytest.mark.parametrize("fixture", ["archiving", "daemon"])
def test_as_json_a_line_each(request: pytest.FixtureRequest, fixture: str, agent: str) -> None:
    """With an archive and without."""
    daemon: Daemon = request.getfixturevalue(fixture)
    first = passed(daemon, agent)
    only = ("--jq", f'map(select(.user_agent == "{agent}") | {{id, status}})')
    with interrupted(watching(daemon.home, "--json", *only)) as lines:
        assert json.loads(next(lines)) == {"id": first, "status": 200}
        second = passed(daemon, agent)
        assert json.loads(next(lines)) == {"id": second, "status": 200}


def test_without_a_daemon_it_is_said_that_it_waits_for_one(home: Home) -> None:
    keep(archive_of(home), [flow(1, model="größer")])
    with subprocess.Popen(
        [sys.executable, "-m", "ccproxy", "flows", "list", "--watch", "--json"],
        env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert '"größer"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=BOUND_SECONDS)[1] == "no daemon is running: waiting for one\n"
        assert process.returncode == 0


def test_in_a_pipe_columns_widen_and_a_jail_brings_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Wanted())
    lines.print([summarize(flow(1)), summarize(flow(2, model="m" * 60))])
    lines.print([summarize(flow(3))])
    lines.print([summarize(flow(4, jail="cell"))])
    first, *flows, again, jailed = capsys.readouterr().out.splitlines()
    assert {line.index(" 200 ") for line in flows} == {first.index("STATUS") + 2}
    assert ("JAIL" in first, "JAIL" in again, first.endswith("  ERROR")) == (False, True, True)
    assert jailed.index("cell") == again.index("JAIL")


def test_on_a_terminal(archiving: Daemon, agent: str) -> None:
    """One that can do more than print lines: the columns share out its width."""
    program = [sys.executable, "-m", "ccproxy", "flows", "list", "--watch", "-n", "1"]
    command, home = ["env", "TERM=xterm", "COLUMNS=100", *program], archiving.home
    with Terminal(command, home.environment(), home.root / "home") as terminal:
        terminal.expect("model → provider")
        terminal.expect(passed(archiving, agent)[:8])
        assert len(click.unstyle(terminal.expect("\n"))) <= 92


def test_deleted_are_those_that_are_wanted_there_and_in_the_daemon(archiving: Daemon, agent: str) -> None:
    first, second = passed(archiving, agent), passed(archiving, agent)
    until(lambda: archived(archiving, second))
    only = ("--jq", f'map(select(.id == "{first}"))')
    done = call(archiving.home, "flows", "clear", *only, "--yes")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "deleted 1 flow\n")
    assert listed(archiving.home, agent) == [second]
    assert [each["id"] for each in archiving.flows(lambda each: each["user_agent"] == agent)] == [second]


def test_what_is_under_way_stays(
    shared_upstream: Upstream, upstream: Upstream, tmp_path: Path, home: Home, agent: str
) -> None:
    with Daemon(full(shared_upstream.url, tmp_path), archive=True, home=home) as daemon:
        id = passed(daemon, "finished")
        until(lambda: archived(daemon, id))
        with under_way(daemon, upstream, agent) as stays:
            done = call(home, "flows", "clear", "--all", "--yes")
            assert done.exit_code == 0, done.stderr
            assert done.stderr.endswith("; 1 under way stays\n")
            flows = json.loads(call(home, "flows", "list", "--json").stdout)
            assert [each["id"] for each in flows] == [stays]


def test_clear_asks_on_a_terminal(home: Home) -> None:
    keep(archive_of(home), [flow(1), flow(2), flow(3)])
    command = [sys.executable, "-m", "ccproxy", "flows", "clear", "--since", "2001-01-01", "-n", "2"]
    question = f"delete 2 flows from {archive_of(home)}?"
    for answer, said, left in (("n", "nothing was deleted", 3), ("y", "deleted 2 flows", 1)):
        with Terminal(command, home.environment(), home.root / "home") as terminal:
            terminal.expect(question)
            terminal.line(answer, said)
            terminal.child.wait(BOUND_SECONDS)
        assert len(json.loads(call(home, "flows", "list", "--json").stdout)) == left


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ([], 2, "say which: by options such as --since, --host or --jq, or --all"),
        (["--all", "--host", "x"], 2, "--all is all"),
        (["--all"], 1, "this is no terminal, so nobody can be asked: delete 1 flow from"),
        (["--host", "x", "--yes"], 0, "deleted 0 flows"),
        (["--all", "--yes"], 0, "deleted 1 flow"),
    ],
)
def test_clear_in_a_script(home: Home, options: list[str], status: int, said: str) -> None:
    keep(archive_of(home), [flow(1)])
    home.write({"flows": {"default_jq_filters": ["broken("]}} if "--all" in options else {})
    done = call(home, "flows", "clear", *options)
    assert (done.exit_code, done.stdout) == (status, "")
    assert said in done.stderr
    kept = json.loads(call(home, "flows", "list", "--json", "--archive", str(archive_of(home))).stdout or "[]")
    assert len(kept) == (0 if said == "deleted 1 flow" else 1) or "--all" in options
