"""Real CLIs finish a turn and a tool turn through `ccproxy start`; `make clients` runs this, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import PROGRAMS, Program
from tests.support.daemon import Daemon

pytestmark = pytest.mark.clients
SECRET = "the secret word is xylophone"
every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Daemon]:
    """A daemon whose only provider is the simulator, with the inspector as a user has it."""
    with Daemon({"providers": {"sim": {"type": "simulator"}}}, inspector=True) as running:
        yield running


def turn(program: Program, prompt: str, proxy: Daemon, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Run one turn in a fresh home; returns what was printed and its exchanges, all of which must have gone well."""
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir(exist_ok=True)
    proxy.control("DELETE", "/flows")
    done = program.ask(prompt, proxy.url, home, work)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{proxy.output[-3000:]}"
    flows = proxy.flows(lambda flow: (flow["user_agent"] or "").startswith(program.agent))
    assert flows, proxy.flows()
    outcomes = {
        (flow["status"], flow["format"], flow["provider"], flow["done"], flow["error"] is None) for flow in flows
    }
    assert outcomes == {(200, program.format, "sim", True, True)}, flows
    proxy.healthy()
    return done.stdout, flows


@every_program
def test_a_plain_turn(program: Program, proxy: Daemon, tmp_path: Path) -> None:
    printed, flows = turn(program, "say hi", proxy, tmp_path)
    assert "Hello from the simulator" in printed
    assert all(flow["stream"] for flow in flows if flow["usage"]), flows
    assert any(flow["usage"] and flow["usage"]["output_tokens"] > 0 for flow in flows), flows


@every_program
def test_a_turn_with_a_tool_call(program: Program, proxy: Daemon, tmp_path: Path) -> None:
    note = tmp_path / "work" / "note.txt"
    note.parent.mkdir()
    note.write_text(SECRET + "\n")
    printed, flows = turn(program, f"SIM_TOOL read {note}", proxy, tmp_path)
    assert SECRET in printed, printed
    assert len(flows) >= 2, flows
