"""What only the provider's format has stays where an answer is written anew in that format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.hooked.masks import nothing, shout
from tests.gateway.hooked.passage import JSON, SSE, Pieces, through
from tests.support.crossing import CLIENTS
from tests.support.provider_answers import ID, body_of, named, response, stream_of

FIRST = {
    "id": "msg_first",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "I look it up.", "annotations": [], "logprobs": []}],
    "phase": "commentary",
}
CALL = {
    "id": "fc_own",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "look",
    "arguments": "{}",
    "namespace": "mcp__maps",
}
REFUSED = {
    "id": "msg_no",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "refusal", "refusal": "no"}],
    "phase": "final_answer",
}
SECOND = json.loads(json.dumps(FIRST).replace("msg_first", "msg_second").replace("commentary", "final_answer"))
OUTPUT: list[dict[str, Any]] = [FIRST, SECOND, CALL, REFUSED]


def streamed() -> Pieces:
    whole = response(OUTPUT)
    wires: list[dict[str, Any]] = [{"type": "response.created", "response": response([], "in_progress")}]
    for place, item in enumerate(OUTPUT):
        begun = item | ({"content": []} if item["type"] == "message" else {"arguments": ""})
        wires += [
            {"type": "response.output_item.added", "output_index": place, "item": begun},
            {"type": "response.output_item.done", "output_index": place, "item": item},
        ]
    wires.append({"type": "response.completed", "response": whole})
    return Pieces(SSE, [named(each | {"sequence_number": number}) for number, each in enumerate(wires)])


def test_items_keep_their_ids_their_phases_and_their_namespaces() -> None:
    passed = through([nothing], "openai_responses", streamed())
    whole = json.loads(passed.body.rpartition(b"data: ")[2])["response"]
    assert whole["output"] == OUTPUT
    assert whole["id"] == ID["openai_responses"]
    passed = through([nothing], "openai_responses", Pieces(JSON, [json.dumps(response(OUTPUT)).encode()]))
    assert passed.response().json()["output"] == OUTPUT


def test_of_what_a_hook_changes_only_the_words_change() -> None:
    passed = through([shout], "openai_responses", streamed())
    first, *_ = json.loads(passed.body.rpartition(b"data: ")[2])["response"]["output"]
    (said,) = first["content"]
    assert (said["text"], first["id"], first["phase"]) == ("I LOOK IT UP.", "msg_first", "commentary")


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_keeps_its_id_whatever_it_looks_like(client: str) -> None:
    theirs = ID[client].encode()
    for given in (theirs, b"gen-1784878121-Hx", b"33be18fc-3842"):
        data = b"".join(stream_of(client)).replace(theirs, given)
        assert given in through([nothing], client, Pieces(SSE, [data])).body
        body = json.dumps(body_of(client)).encode().replace(theirs, given)
        if given in body:
            assert given in through([nothing], client, Pieces(JSON, [body])).body


@pytest.mark.parametrize("client", CLIENTS)
def test_an_id_of_another_format_is_not_taken_over(client: str) -> None:
    provider = "openai" if client != "openai" else "anthropic"
    passed = through([nothing], client, Pieces(SSE, stream_of(provider)), provider)
    assert ID[provider].encode() not in passed.body
