"""Real CLIs finish their turns with providers of other formats; `make clients` runs this, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.crossroads import Crossroads, strings
from tests.clients.programs import PROGRAMS, Program
from tests.support.request_types import paired

pytestmark = pytest.mark.clients
NAMED = {program.name: program for program in PROGRAMS}
CLAUDE, CODEX = NAMED["claude"], NAMED["codex"]
OTHERS = {
    "claude": ("openai", "openai_responses", "gemini"),
    "codex": ("anthropic", "openai", "gemini"),
    "gemini": ("anthropic", "openai", "openai_responses"),
    "opencode-anthropic": ("gemini",),
    "opencode-openai": ("anthropic",),
    "opencode-openai_responses": ("openai",),
    "opencode-gemini": ("openai_responses",),
}
every_pair = pytest.mark.parametrize(
    ("program", "provider"),
    [pytest.param(NAMED[name], other, id=f"{name}-{other}") for name, others in OTHERS.items() for other in others],
)
before_claude = pytest.mark.parametrize("provider", OTHERS["claude"])
before_codex = pytest.mark.parametrize("provider", OTHERS["codex"])
WHOLE = ("Hello from the simulator", "nothing has left this machine.")
"""Beginning and end of the simulator's answer."""
SECRETS = ("the secret word is xylophone", "the other word is glockenspiel")
PATCH = "*** Begin Patch\n*** Add File: new.txt\n+xylophone\n*** End Patch\n"


@pytest.fixture(scope="module")
def crossroads() -> Iterator[Crossroads]:
    """A daemon for each format of a provider."""
    with Crossroads() as made:
        yield made


@pytest.fixture
def notes(tmp_path: Path) -> list[Path]:
    """Files with the secrets, where the client works."""
    made = [tmp_path / "work" / f"note-{number}.txt" for number in (1, 2)]
    made[0].parent.mkdir()
    for note, secret in zip(made, SECRETS, strict=True):
        note.write_text(secret + "\n")
    return made


@every_pair
def test_a_plain_turn(program: Program, provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    turn = crossroads.turn(program, provider, "say hi", tmp_path)
    assert all(part in turn.printed for part in WHOLE), turn.printed
    assert any("say hi" in text for text in strings(turn.sent))


@every_pair
def test_a_turn_with_parallel_tool_calls(
    program: Program, provider: str, crossroads: Crossroads, tmp_path: Path, notes: list[Path]
) -> None:
    """Both results come back to the calls that asked for them, and thinking is no obstacle."""
    prompt = "SIM_THINK " + "\n".join(f"SIM_TOOL read {note}" for note in notes)
    turn = crossroads.turn(program, provider, prompt, tmp_path)
    assert "TOOL RESULT" in turn.printed, turn.printed
    assert SECRETS[0] in turn.printed or SECRETS[1] in turn.printed, turn.printed
    last = max(turn.sent, key=lambda document: len(paired(provider, document)))
    assert len(set(paired(provider, last))) == 2
    for secret in SECRETS:
        assert any(secret in text for text in strings(last)), last


@every_pair
def test_an_error_of_the_provider(program: Program, provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    done = crossroads.run(program, provider, "SIM_ERROR 400", tmp_path)
    assert done.returncode != 0
    assert "This is the error 400 that the prompt asked for." in done.stdout + done.stderr, (done.stdout, done.stderr)
    found = {(flow["status"], flow["action"]) for flow in crossroads.flows(program, provider)}
    assert found == {(400, "transform")}
    crossroads.quiet(provider)


@before_claude
def test_what_claude_code_alone_sends(provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    """A system message in the midst of the others crosses; what only Anthropic knows is left out, and counted."""
    turn = crossroads.turn(CLAUDE, provider, "say hi", tmp_path)
    (asked,), (sent,), (flow,) = turn.asked, turn.sent, turn.flows
    (amid,) = [message for message in asked["messages"] if message["role"] == "system"]
    assert asked["messages"].index(amid) > 0
    assert (asked["thinking"]["type"], bool(asked["context_management"])) == ("adaptive", True)
    told = "\n\n".join(strings(sent))
    prompts = [block["text"] for block in (*asked["system"], *blocks(amid["content"]))]
    assert all(prompt in told for prompt in prompts)
    assert flow["dropped"]["cache_control"] == json.dumps(asked).count('"cache_control"')
    assert flow["dropped"]["field.context_management"] == 1
    assert wants_thinking(provider, sent)


@before_claude
def test_claude_code_counts_tokens(provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    """`/context` counts each kind of what fills the context. Chat Completions cannot count: ccproxy estimates."""
    done = crossroads.run(CLAUDE, provider, "/context", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Context Usage" in done.stdout
    flows = crossroads.flows(CLAUDE, provider)
    assert {flow["path"].partition("?")[0] for flow in flows} == {"/v1/messages/count_tokens"}
    assert {(flow["status"], flow["action"]) for flow in flows} == {(200, "transform")}
    assert bool(crossroads.upstream.requests) == (provider != "openai")
    crossroads.quiet(provider)


@before_codex
def test_codex_patches_files_by_a_tool_of_free_text(provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    """The model writes JSON, Codex gets the patch itself, and its result finds the call again."""
    order = f"SIM_TOOL apply_patch {json.dumps({'input': PATCH})}"
    turn = crossroads.turn(CODEX.asking_for("gpt-5.5"), provider, order, tmp_path)
    assert (tmp_path / "work" / "new.txt").read_text() == "xylophone\n"
    assert "custom_tool_call_output" in {item["type"] for item in turn.asked[-1]["input"]}
    assert len(paired(provider, turn.sent[-1])) == 1
    assert turn.flows[-1]["dropped"].get("custom_tool", 0) == (provider != "openai")


@before_codex
def test_codex_runs_code(provider: str, crossroads: Crossroads, tmp_path: Path, notes: list[Path]) -> None:
    """The newest models declare their tools in an item of the input, and call others from a tool that takes code."""
    code = f'text((await tools.exec_command({{cmd: "cat {notes[0]}"}})).output)'
    order = f"SIM_TOOL exec {json.dumps({'input': code})}"
    turn = crossroads.turn(CODEX.asking_for("gpt-6-sol"), provider, order, tmp_path)
    assert turn.asked[0]["input"][0]["type"] == "additional_tools"
    assert not turn.asked[0].get("tools")
    assert SECRETS[0] in turn.printed, turn.printed


@before_codex
def test_codex_finds_tools_in_their_namespaces(provider: str, crossroads: Crossroads, tmp_path: Path) -> None:
    """Codex looks a call up by namespace and name; the provider knows one name for both."""
    order = "SIM_TOOL collaboration__list_agents {}"
    turn = crossroads.turn(CODEX.asking_for("gpt-6-sol"), provider, order, tmp_path)
    call = next(item for item in turn.asked[-1]["input"] if item["type"] == "function_call")
    assert (call["namespace"], call["name"]) == ("collaboration", "list_agents")
    assert '{"agents":[' in turn.printed, turn.printed


def blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content of a message as blocks."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def wants_thinking(provider: str, sent: dict[str, Any]) -> bool:
    """Whether the model is to think, in the words of its format."""
    if provider == "gemini":
        return int(sent["generationConfig"]["thinkingConfig"]["thinkingBudget"]) != 0
    effort = sent["reasoning_effort"] if provider == "openai" else sent["reasoning"]["effort"]
    return str(effort) == "medium"
