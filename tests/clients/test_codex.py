"""Codex CLI goes by its own login through a `codex` provider of ccproxy, as events and by WebSocket; `make clients`.

The backend is the strict one of the tests, the login is made up; Codex itself knows a sentinel key and no login.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.clients.programs import CODEX, KEY, PROGRAMS, Program, write
from tests.support.codex_backend import PATH, CodexBackend
from tests.support.daemon import Daemon

pytestmark = pytest.mark.clients
SECRET = "the secret word is xylophone"
SETTINGS = """
    model = "gpt-5.1-codex"
    model_provider = "ccproxy"
    check_for_update_on_startup = false
    analytics.enabled = false
    otel.exporter = "none"
    features = {{ plugins = false, remote_plugin = false }}

    [model_providers.ccproxy]
    name = "ccproxy"
    base_url = "{url}/v1"
    env_key = "CCPROXY_KEY"
    wire_api = "responses"
    supports_websockets = {websockets}
"""


@pytest.fixture
def backend() -> Iterator[CodexBackend]:
    made = CodexBackend()
    yield made
    made.stop()


@pytest.fixture
def proxy(backend: CodexBackend, tmp_path: Path) -> Iterator[Daemon]:
    with Daemon({"providers": {"sim": backend.provider(tmp_path / "login")}}) as running:
        yield running
        assert "Traceback" not in running.output


def codex(websockets: bool) -> Program:
    """Codex CLI as docs/codex.md has it configured."""

    def prepare(home: Path, url: str) -> dict[str, str]:
        settings = SETTINGS.format(url=url, websockets=str(websockets).lower())
        write(home / ".codex" / "config.toml", dedent(settings))
        return {"CCPROXY_KEY": KEY}

    return Program("codex", "openai_responses", "codex_exec/", CODEX, prepare)


def tool_turn(program: Program, proxy: Daemon, folder: Path) -> list[dict[str, Any]]:
    """A turn in which a tool reads a file; returns the records of it."""
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    (work / "note.txt").write_text(SECRET + "\n")
    done = program.ask(f"SIM_TOOL read {work / 'note.txt'}", proxy.url, home, work)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{proxy.output[-3000:]}"
    assert SECRET in done.stdout
    mine = proxy.flows(lambda flow: (flow["user_agent"] or "").startswith(program.agent) and flow["provider"] == "sim")
    return [flow for flow in mine if flow["status"] != 426]


def test_a_tool_turn_by_events(backend: CodexBackend, proxy: Daemon, tmp_path: Path) -> None:
    calls = tool_turn(codex(websockets=False), proxy, tmp_path)
    assert {flow["status"] for flow in calls} == {200}
    sent = [request for request in backend.requests if request.method == "POST"]
    assert len(sent) == len(calls) >= 2
    assert {request.target for request in sent} == {PATH}
    for flow, request in zip(calls, sent, strict=True):
        told = proxy.control("GET", f"/flows/{flow['id']}")["bodies"]["client_request"]["text"]
        assert told == request.body.decode(), "what Codex sends is not changed"
        assert flow["dropped"] == {}


def test_a_tool_turn_by_websocket(backend: CodexBackend, proxy: Daemon, tmp_path: Path) -> None:
    calls = tool_turn(codex(websockets=True), proxy, tmp_path)
    assert {flow["status"] for flow in calls} == {101}
    assert len(backend.messages) >= 2
    assert not backend.bodies


def test_codex_goes_on_by_events_where_there_are_no_websockets(
    backend: CodexBackend, proxy: Daemon, tmp_path: Path
) -> None:
    backend.upgrades = False
    calls = tool_turn(codex(websockets=True), proxy, tmp_path)
    assert {flow["status"] for flow in calls} == {200}
    (refused,) = proxy.flows(lambda flow: flow["status"] == 426)
    assert refused["error"]["kind"] == "upgrade_required"
    assert not backend.messages


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.name != "codex"], ids=lambda each: each.name)
def test_a_tool_turn_of_another_client(program: Program, backend: CodexBackend, proxy: Daemon, tmp_path: Path) -> None:
    calls = tool_turn(program, proxy, tmp_path)
    assert {(flow["status"], flow["format"]) for flow in calls} == {(200, program.format)}
    assert len(backend.bodies) >= len(calls) >= 2
