from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from ccproxy.cli.start import parse_setting
from tests.conftest import StartDaemon
from tests.support.daemon import Home
from tests.support.ports import free_port
from tests.support.tls import Authority


@pytest.mark.parametrize(
    ("setting", "parsed"),
    [
        ("inspector.port=0", ("inspector.port", 0)),
        ("inspector.enabled=false", ("inspector.enabled", False)),
        ("log_file=null", ("log_file", None)),
        ("log_file=", ("log_file", None)),
        ("providers.a.auth=echo x=y", ("providers.a.auth", "echo x=y")),
        ("flows.default_jq_filters=[a, b]", ("flows.default_jq_filters", ["a", "b"])),
    ],
)
def test_a_setting_is_read_as_yaml(setting: str, parsed: tuple[str, object]) -> None:
    assert parse_setting(setting) == parsed


@pytest.mark.parametrize("setting", ["port", "=1", "", "a=[1", "a=}"])
def test_what_is_no_setting(setting: str) -> None:
    with pytest.raises(click.BadParameter):
        parse_setting(setting)


@contextmanager
def started(home: Home, *arguments: str, **env: str) -> Iterator[dict[str, Any]]:
    """The status of a daemon started so."""
    command = [sys.executable, "-m", "ccproxy", *arguments]
    with subprocess.Popen(
        command, env=home.environment(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        end = time.monotonic() + 20
        status: dict[str, Any] = {"pid": None}
        while status["pid"] is None and child.poll() is None and time.monotonic() < end:
            status = json.loads(home.run("status", "--json").stdout)
        try:
            assert status["pid"] == child.pid
            yield status
        finally:
            child.send_signal(signal.SIGINT)
            assert child.wait(15) == 0


def test_flags_beat_the_environment_and_that_the_file(home: Home) -> None:
    flag, env, file = free_port(), free_port(), free_port()
    home.write({"port": file, "inspector": {"enabled": False}})
    with started(home, "start", "--port", str(flag), CCPROXY_PORT=str(env)) as status:
        assert status["url"] == f"http://127.0.0.1:{flag}"
    with started(home, "start", CCPROXY_PORT=str(env)) as status:
        assert status["url"] == f"http://127.0.0.1:{env}"
    with started(home, "start") as status:
        assert status["url"] == f"http://127.0.0.1:{file}"


def test_a_nested_setting(home: Home) -> None:
    with started(
        home, "start", "--port", "0", "--set", "inspector.enabled=false", "--set", "log_file=other.log"
    ) as status:
        assert status["log"] == str(home.config_dir / "other.log")
        assert status["inspector"]["running"] is False


def test_certificates_that_cannot_be_used_are_told(start_daemon: StartDaemon, tmp_path: Path) -> None:
    good, junk = Authority(tmp_path).ca_file, tmp_path / "junk.pem"
    junk.write_text("hello")
    files = {"good": good, "junk": junk, "gone": tmp_path / "gone.pem"}
    providers = {
        name: {"type": "openai", "base_url": "http://127.0.0.1:9", "ca_file": str(file)} for name, file in files.items()
    }
    daemon = start_daemon({"providers": providers})
    end = time.monotonic() + 20
    while daemon.output.count("get 502 until") < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert f"providers.junk: the ca_file {junk} holds no certificates in PEM" in daemon.output
    assert f"providers.gone: the ca_file {files['gone']} cannot be read: No such file or directory" in daemon.output
    assert "providers.good" not in daemon.output


def test_a_setting_that_is_not_known(home: Home) -> None:
    done = home.run("start", "--set", "inspector.prot=1")
    assert done.returncode == 1
    assert "inspector.prot" in done.stderr
    assert "did you mean" in done.stderr
