from __future__ import annotations

import signal
import subprocess
import sys

from tests.support.daemon import Daemon, Home


def test_no_log_yet(home: Home) -> None:
    done = home.run("logs")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ccproxy.log" in done.stderr
    assert "ccproxy start" in done.stderr


def test_no_log_file_configured(home: Home) -> None:
    home.write({"log_file": None})
    done = home.run("logs")
    assert done.returncode == 1
    assert "log_file" in done.stderr


def test_the_log_of_a_stopped_daemon(home: Home) -> None:
    (home.config_dir / "ccproxy.log").write_text("one\ntwo\nthree\n")
    assert home.run("logs").stdout == "one\ntwo\nthree\n"
    assert home.run("logs", "-n", "2").stdout == "two\nthree\n"


def test_the_log_of_a_running_daemon_is_where_the_daemon_says(daemon: Daemon) -> None:
    done = daemon.home.run("logs", "-n", "1", CCPROXY_LOG_FILE="elsewhere.log")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_follow_ends_on_ctrl_c_with_0(home: Home) -> None:
    log = home.config_dir / "ccproxy.log"
    log.write_text("one\n")
    command = [sys.executable, "-m", "ccproxy", "logs", "-f", "-n", "1"]
    with subprocess.Popen(command, env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"one\n"
        with log.open("a") as file:
            file.write("two\n")
        assert child.stdout.readline() == b"two\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read().strip() == b""


def test_a_reader_that_goes_away(home: Home) -> None:
    (home.config_dir / "ccproxy.log").write_text("line\n" * 200_000)
    done = home.run("logs")
    assert len(done.stdout) == 1_000_000
    command = [sys.executable, "-m", "ccproxy", "logs"]
    with subprocess.Popen(command, env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(10) == 141
        assert child.stderr is not None
        assert child.stderr.read() == b""
