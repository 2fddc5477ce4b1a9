"""`lightllm.load_ahead`: whether what translates is in memory before the first request that needs it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider, token_file
from tests.support.crossing import answering, document, read
from tests.support.daemon import Daemon
from tests.support.dialects import OPENAI
from tests.support.upstream import Upstream

RULE = {"match_path": ".*", "action": "transform", "dest_provider": "anthropic"}
MORE = 20 << 20
"""What the translator takes in memory, in bytes, at least."""
SECONDS = 30.0


def grows(daemon: Daemon, before: int) -> bool:
    """Whether the daemon comes to hold the translator, having held so many bytes without it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if daemon.resident_bytes() > before + MORE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "with the first request"])
def test_it_is_loaded_when_the_configuration_says(
    start_daemon: StartDaemon, upstream: Upstream, tmp_path: Path, ahead: bool
) -> None:
    upstream.script = answering("anthropic", sse=False)
    target = {"anthropic": provider("anthropic", upstream.url, token_file(tmp_path, "anthropic"))}
    config = {"providers": target, "lightllm": {"transforms": [RULE], "load_ahead": ahead}}
    without = start_daemon({"providers": {}}).resident_bytes()
    daemon = start_daemon(config)
    if ahead:
        assert grows(daemon, without)
    else:
        time.sleep(2)
        assert daemon.resident_bytes() < without + MORE
    answer = daemon.ask("POST", OPENAI.target(), [], document(OPENAI))
    assert read("openai", answer).text == "Hello there"
    assert daemon.resident_bytes() > without + MORE
