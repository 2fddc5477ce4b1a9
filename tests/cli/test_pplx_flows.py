"""`ccproxy flows`, on questions that went to Perplexity: made-up flows in an archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.parts.parts import parts_of
from ccproxy.lightllm.translate import translate_call
from tests.lightllm.perplexity.asking import MODEL, assistant, chat, system, user
from tests.support.archived import archive_of, call, flow, keep
from tests.support.daemon import Home

JSON = [(b"content-type", b"application/json")]
OWN = {"attachments": ["https://files.example/a.pdf"], "sources": ["web", "scholar"]}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "290 km."}}], "model": "openai/o3"}
FINAL = {"backend_uuid": "b", "blocks": [{"intended_usage": "ask_text_0_markdown",
         "markdown_block": {"answer": "290 km."}}], "final_sse_message": True}  # fmt: skip


def question(number: int, document: dict[str, Any]) -> Exchange:
    """A finished flow of a question."""
    made = flow(number)
    payload, left_out = translate_call(document, WireFormat.OPENAI, WireFormat.PERPLEXITY, document["model"], False)
    made.request = HttpRequest("POST", b"/v1/chat/completions", JSON, json.dumps(document).encode())
    made.format = WireFormat.OPENAI
    made.route = Route(
        "transform", "px", WireFormat.PERPLEXITY, Origin("https", "www.perplexity.ai", 443), "sentinel px"
    )
    made.forwarded = HttpRequest("POST", b"/rest/sse/perplexity_ask", JSON, json.dumps(payload).encode())
    made.provider_response = HttpResponse(
        200, [(b"content-type", b"text/event-stream")], chunks=[b"data: %b\n\n" % json.dumps(FINAL).encode()],
        complete=True,
    )  # fmt: skip
    made.response = HttpResponse(200, JSON, chunks=[json.dumps(ANSWER).encode()], complete=True)
    made.count_dropped(left_out.drops.counts)
    return made


@pytest.fixture
def asked(home: Home) -> Home:
    """Somebody who has asked twice."""
    former = [system("Be brief."), user("Which river?"), assistant("The Aare.")]
    keep(
        archive_of(home),
        [
            question(1, chat(*former, user("How long is it?"), model="openai/o3", pplx=OWN)),
            question(2, chat(user("How long is the Rhine?"), model="openai/o3", temperature=0.5)),
        ],
    )
    return home


def done(home: Home, *arguments: str) -> str:
    ran = call(home, "flows", *arguments)
    assert (ran.exit_code, ran.stderr) == (0, ""), ran.output
    return ran.stdout


def test_compare_lays_each_turn_beside_what_became_of_it(asked: Home) -> None:
    lines = done(asked, "compare", "0001").splitlines()
    assert '    ~ parameter model "openai/o3" → parameter params.model_preference "o3"' in lines
    same = "    = parameters pplx.attachments → params.attachments, pplx.sources → params.sources: says the same"
    assert same in lines
    assert not any("put in" in line and "scholar" in line for line in lines)
    (found,) = json.loads(done(asked, "compare", "0001", "--json"))
    rows = [(row["what"], row["how"], row["old"], row["new_value"]) for row in found["request"]["body"]["rows"]]
    assert [row for row in rows if row[0] != "parameter"] == [
        ("system block", "changed", "system", "[System]: Be brief."),
        ("message", "changed", "user", "[User]: Which river?"),
        ("message", "changed", "assistant", "[Assistant]: The Aare."),
        ("message", "changed", "user", "[User]: How long is it?"),
    ]
    assert ("parameter", "added", None, "en-US") in rows
    assert "  left out: sampling (1)" in done(asked, "compare", "0002").splitlines()


def test_diff_of_two_questions(asked: Home) -> None:
    lines = done(asked, "diff", "0001", "0002").splitlines()
    assert any("params.frontend_uuid" in line for line in lines)
    assert lines[lines.index("  - message 1 (user)") + 1 :][:3] == [
        "    - [User]: Which river?", "    - [Assistant]: The Aare.", "    - [User]: How long is it?"
    ]  # fmt: skip
    assert lines[lines.index("  + message 1 (user)") + 1] == "    + How long is the Rhine?"


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--json"],
        ["show", "0001", "--bodies"],
        ["show", "0001", "--json"],
        ["compare", "0001", "--unified"],
        ["diff", "0001", "0002", "--unified"],
        ["diff", "0001", "0002", "--client"],
        ["conversations"],
        ["repl", "-c", "print(len(flows))"],
    ],
    ids=" ".join,
)
def test_each_command_takes_them(arguments: list[str], asked: Home) -> None:
    ran = call(asked, "flows", *arguments)
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    "payload",
    [
        {"params": {"dsl_query": "hi"}, "query_str": "hi"},
        {"params": {"dsl_query": "ho", "attachments": 1}, "query_str": "hi"},
        {"params": [], "query_str": "[System]: only"},
        {"params": {"a": 1}, "params.a": 2, "query_str": None},
    ],
    ids=["usual", "another text", "no object", "both names"],
)
def test_nothing_of_an_odd_payload_is_lost(payload: dict[str, Any]) -> None:
    parts = parts_of(payload, WireFormat.PERPLEXITY)
    assert parts is not None
    told = json.dumps([dict(parts.parameters), *(each.value for each in parts.system),
                       *(block.value for each in parts.messages for block in each.blocks)])  # fmt: skip
    assert all(json.dumps(value) in told for value in (payload["query_str"], *dict(payload["params"]).values()))


def test_a_hook_is_tried_on_a_payload(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "payload.json"
    file.write_text(json.dumps(translate_call(chat(user("hi")), WireFormat.OPENAI, WireFormat.PERPLEXITY, MODEL)[0]))
    ran = home.run("hooks", "run", "verbose_mode", "--stage", "outbound", "--format", "perplexity_pro", str(file))
    assert ran.returncode == 0, ran.stderr
