from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import pytest

from ccproxy.cli.start import parse_setting
from tests.support.daemon import Home
from tests.support.ports import free_port


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


def test_a_setting_that_is_not_known(home: Home) -> None:
    done = home.run("start", "--set", "inspector.prot=1")
    assert done.returncode == 1
    assert "inspector.prot" in done.stderr
    assert "did you mean" in done.stderr
