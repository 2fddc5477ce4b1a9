"""docs/codex.md: its examples do what they say, its lists are those of the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccproxy.lightllm.openai_responses.chatgpt import ADVICE, LEFT_OUT
from tests.clients.test_codex import SETTINGS
from tests.docs.pages import blocks, commands
from tests.support.codex_backend import CodexBackend
from tests.support.daemon import Daemon

PAGE = Path(__file__).parents[2] / "docs" / "codex.md"
TEXT = PAGE.read_text()
PORT = "127.0.0.1:4000"


def section(heading: str) -> str:
    """What stands under a heading."""
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """The page's configuration, with the tests' backend in the place of ChatGPT."""
    backend = CodexBackend()
    (block,) = blocks("yaml", PAGE)
    config: dict[str, Any] = yaml.safe_load(block)["ccproxy"]
    provider = config["providers"]["codex"]
    del provider["host"]
    provider["base_url"] = backend.url
    with Daemon(config) as running:
        backend.write_login(running.home.root / "home" / ".codex" / "auth.json")
        yield running
    backend.stop()


def test_the_login_is_found(daemon: Daemon) -> None:
    for command in commands(PAGE):
        done = daemon.home.run(*command.split()[1:])
        assert done.returncode == 0, done


@pytest.mark.parametrize(("language", "command"), [("python", [sys.executable, "-c"]), ("sh", ["bash", "-c"])])
def test_clients(daemon: Daemon, language: str, command: list[str]) -> None:
    (code,) = blocks(language, PAGE)
    assert PORT in code
    done = subprocess.run(
        [*command, code.replace(PORT, f"127.0.0.1:{daemon.port}")],
        env=daemon.home.environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert "Hello from the simulator" in done.stdout, done


def test_codex_is_configured_as_in_its_test() -> None:
    """Which `make clients` runs."""
    (block,) = blocks("toml", PAGE)
    tested = tomllib.loads(SETTINGS.format(url=f"http://{PORT}", websockets="true"))
    assert tomllib.loads(block).items() <= tested.items()


def test_what_is_left_out_and_refused_is_what_the_code_says() -> None:
    left_out = section("What is left out").split("\n\n")[1]
    assert set(re.findall(r"`(\w+)`", left_out)) == LEFT_OUT
    refused = {name for line in section("What is refused").splitlines() for name in re.findall(r"`(\w+)", line[:60])}
    assert refused >= ADVICE.keys()
