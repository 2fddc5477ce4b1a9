"""Every answer validates against the response models of the vendors' SDKs, which the SDKs themselves never enforce."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.simulator.asking import FORMATS, PARAMETERS, ask, declared, events, post, question, value

WHOLE: dict[str, TypeAdapter[Any]] = {
    "anthropic": TypeAdapter(Message),
    "openai_chat": TypeAdapter(ChatCompletion),
    "openai_responses": TypeAdapter(Response),
    "gemini": TypeAdapter(GenerateContentResponse),
}
PIECES: dict[str, TypeAdapter[Any]] = {
    "anthropic": TypeAdapter(RawMessageStreamEvent),
    "openai_chat": TypeAdapter(ChatCompletionChunk),
    "openai_responses": TypeAdapter(ResponseStreamEvent),
    "gemini": TypeAdapter(GenerateContentResponse),
}
PROMPTS = [
    "hello",
    "SIM_THINK hello",
    'SIM_TOOL look_up {"city": "Rome"} SIM_TOOL look_up',
    "SIM_THINK SIM_TOOL look_up",
    "SIM_REFUSE",
    "SIM_WORDS 0",
    "SIM_STOP max_tokens",
    "SIM_STOP content_filter",
    "SIM_JSON",
    "SIM_CODE SIM_GROUND SIM_IMAGE",
]


@pytest.fixture(params=FORMATS)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_buffered(wire: str, prompt: str) -> None:
    answer = value(ask(wire, prompt, **declared(wire, "look_up", PARAMETERS)))
    WHOLE[wire].validate_python(answer)


@pytest.mark.parametrize("prompt", [*PROMPTS, "SIM_ERROR_MID 1"])
def test_streamed(wire: str, prompt: str) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if wire == "openai_chat" else {}
    options |= declared(wire, "look_up", PARAMETERS)
    for event in events(ask(wire, prompt, stream=True, **options).body):
        if event != "[DONE]" and "error" not in event and event.get("type") != "ping":
            PIECES[wire].validate_python(event)


def test_code_assist() -> None:
    body = {"model": "m", "request": question("gemini", "SIM_THINK hello")}
    for event in events(post("/v1internal:streamGenerateContent?alt=sse", body).body):
        PIECES["gemini"].validate_python(event["response"])
