"""What is not text: code that was run, sources and pictures out, and pictures in."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.simulator.asking import FORMATS, ask, events, post, question, streamed_text, text_of, value

IN_WORDS = {
    "SIM_CODE": "print(6 * 7)",
    "SIM_GROUND": "https://example.com/lighthouses",
    "SIM_IMAGE": "data:image/png;base64,",
}
PARTS = {
    "SIM_CODE": ["executableCode", "codeExecutionResult", "text"],
    "SIM_GROUND": ["text"],
    "SIM_IMAGE": ["text", "inlineData"],
}
ALL = "SIM_WORDS 5 SIM_CODE SIM_GROUND SIM_IMAGE"


@pytest.mark.parametrize("wire", [wire for wire in FORMATS if wire != "gemini"])
@pytest.mark.parametrize(("marker", "told"), IN_WORDS.items())
def test_most_formats_tell_it_in_the_text(wire: str, marker: str, told: str) -> None:
    text = text_of(wire, value(ask(wire, f"SIM_WORDS 3 {marker}")))
    assert told in text
    assert "the river runs" in text
    assert streamed_text(wire, ask(wire, f"SIM_WORDS 3 {marker}", stream=True).body) == text


@pytest.mark.parametrize(("marker", "names"), PARTS.items())
def test_google_has_parts_for_it(marker: str, names: list[str]) -> None:
    answer = value(ask("gemini", f"SIM_WORDS 3 {marker}"))
    parts = answer["candidates"][0]["content"]["parts"]
    assert [next(iter(part)) for part in parts] == names
    assert text_of("gemini", answer) == "the river runs"


def test_a_stream_carries_the_same_parts() -> None:
    whole = value(ask("gemini", ALL))["candidates"][0]
    chunks = [event["candidates"][0] for event in events(ask("gemini", ALL, stream=True).body)]
    parts = [part for chunk in chunks for part in chunk["content"]["parts"]]
    assert [part for part in parts if "text" not in part] == [p for p in whole["content"]["parts"] if "text" not in p]
    assert chunks[-1]["groundingMetadata"] == whole["groundingMetadata"]
    assert not any("groundingMetadata" in chunk for chunk in chunks[:-1])


def test_a_source_supports_the_text() -> None:
    answer = value(ask("gemini", "SIM_GROUND SIM_ECHO twö"))
    metadata = answer["candidates"][0]["groundingMetadata"]
    segment = metadata["groundingSupports"][0]["segment"]
    assert segment["text"] == text_of("gemini", answer)
    assert segment["endIndex"] == len(segment["text"].encode())


def test_the_picture_is_one() -> None:
    part = value(ask("gemini", "SIM_IMAGE"))["candidates"][0]["content"]["parts"][-1]["inlineData"]
    assert part["mimeType"] == "image/png"
    assert base64.b64decode(part["data"], validate=True).startswith(b"\x89PNG\r\n")


DATA = base64.b64encode(bytes(100)).decode()
URL, DATA_URL = "https://example.com/a.png", f"data:image/jpeg;base64,{DATA}"
TEXT: dict[str, dict[str, Any]] = {
    "anthropic": {"type": "text", "text": "look"},
    "openai_chat": {"type": "text", "text": "look"},
    "openai_responses": {"type": "input_text", "text": "look"},
    "gemini": {"text": "look"},
}
PICTURES: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": DATA}},
        {"type": "image", "source": {"type": "url", "url": URL}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": DATA}},
    ],
    "openai_chat": [
        {"type": "image_url", "image_url": {"url": DATA_URL}},
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
    ],
    "openai_responses": [
        {"type": "input_image", "image_url": DATA_URL},
        {"type": "input_image", "image_url": URL},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA"},
    ],
    "gemini": [
        {"inline_data": {"mime_type": "image/jpeg", "data": DATA}},
        {"fileData": {"mimeType": "image/png", "fileUri": URL}},
        {"inlineData": {"mimeType": "application/pdf", "data": DATA}},
    ],
}


def turn(wire: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The field that holds one user turn of these parts."""
    if wire == "gemini":
        return {"contents": [{"role": "user", "parts": parts}]}
    return {"input" if wire == "openai_responses" else "messages": [{"role": "user", "content": parts}]}


@pytest.mark.parametrize("wire", FORMATS)
def test_pictures_are_counted_and_named(wire: str) -> None:
    answer = value(ask(wire, "", **turn(wire, [TEXT[wire], *PICTURES[wire]])))
    assert text_of(wire, answer).endswith(f" I see 2 pictures: image/jpeg of 100 bytes, one at {URL}.")
    assert "look" in text_of(wire, answer)


@pytest.mark.parametrize("wire", FORMATS)
def test_a_picture_of_an_earlier_turn_is_not_seen(wire: str) -> None:
    field, turns = next(iter(turn(wire, [TEXT[wire], *PICTURES[wire]]).items()))
    said = {"gemini": {"role": "model", "parts": [{"text": "ok"}]}}.get(wire, {"role": "assistant", "content": "ok"})
    again = turn(wire, [TEXT[wire]])[field]
    assert "picture" not in text_of(wire, value(ask(wire, "", **{field: [*turns, said, *again]})))


RESULTS: dict[str, dict[str, Any]] = {
    "anthropic": turn("anthropic", [{"type": "tool_result", "tool_use_id": "a", "content": PICTURES["anthropic"][:1]}]),
    "openai_responses": {
        "input": [{"type": "function_call_output", "call_id": "a", "output": PICTURES["openai_responses"][:1]}]
    },
    "gemini": turn(
        "gemini", [{"functionResponse": {"name": "f", "response": {"output": "x"}, "parts": PICTURES["gemini"][:1]}}]
    ),
}


@pytest.mark.parametrize("wire", RESULTS)
def test_a_picture_in_a_result_is_seen(wire: str) -> None:
    answer = text_of(wire, value(ask(wire, "", **RESULTS[wire])))
    assert answer.startswith("TOOL RESULT: ")
    assert answer.endswith(" I see 1 picture: image/jpeg of 100 bytes.")


def test_a_result_that_looks_like_a_picture_is_none() -> None:
    result = {"functionResponse": {"name": "f", "response": {"image_url": URL, "source": {"url": URL}}}}
    assert "picture" not in text_of("gemini", value(ask("gemini", "", **turn("gemini", [result]))))


def test_code_assist_carries_it_too() -> None:
    chunks = events(
        post("/v1internal:streamGenerateContent?alt=sse", {"model": "m", "request": question("gemini", ALL)}).body
    )
    assert [chunk["response"]["candidates"] for chunk in chunks] == [
        event["candidates"] for event in events(ask("gemini", ALL, stream=True).body)
    ]
