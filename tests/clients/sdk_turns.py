"""A turn with a vendor's Python SDK, or with curl: `python sdk_turns.py KIND PROMPT`. Prints the answer.

The model may call one tool, which reads a file. No address is given: each SDK goes to its own provider.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOL = {"name": "read_file", "description": "Reads a file"}
ANTHROPIC = {"model": "claude-sonnet-4-5", "max_tokens": 999, "tools": [TOOL | {"input_schema": SCHEMA}]}


def read(arguments: Any) -> str:
    """The tool."""
    return Path(arguments["path"]).read_text()


def anthropic_turn(ask: Callable[[list[Any]], Any], prompt: str) -> str:
    """Messages, however they are sent."""
    messages: list[Any] = [{"role": "user", "content": prompt}]
    while True:
        content = ask(messages)["content"]
        if not (calls := [block for block in content if block["type"] == "tool_use"]):
            return "".join(block["text"] for block in content)
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": read(call["input"])} for call in calls]
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results}]


def anthropic(prompt: str) -> str:
    """The SDK, with a stream."""
    from anthropic import Anthropic

    def ask(messages: list[Any]) -> Any:
        with Anthropic().messages.stream(**ANTHROPIC, messages=messages) as stream:
            return stream.get_final_message().model_dump(exclude_none=True)

    return anthropic_turn(ask, prompt)


def curl(prompt: str) -> str:
    """The tool that needs no SDK."""
    fields = [f"x-api-key: {os.environ['ANTHROPIC_API_KEY']}", "anthropic-version: 2023-06-01"]
    fields += ["content-type: application/json"]
    command = ["curl", "-sSf", *(part for field in fields for part in ("-H", field)), "-d", "@-"]

    def ask(messages: list[Any]) -> Any:
        body = json.dumps({**ANTHROPIC, "messages": messages}).encode()
        done = subprocess.run([*command, "https://api.anthropic.com/v1/messages"], input=body, stdout=-1, check=True)
        return json.loads(done.stdout)

    return anthropic_turn(ask, prompt)


def openai(prompt: str) -> str:
    """Chat Completions."""
    from openai import OpenAI

    messages: list[Any] = [{"role": "user", "content": prompt}]
    tools: Any = [{"type": "function", "function": TOOL | {"parameters": SCHEMA}}]
    while True:
        said = OpenAI().chat.completions.create(model="gpt-5.1", messages=messages, tools=tools).choices[0].message
        if not said.tool_calls:
            return said.content or ""
        messages.append(said.model_dump(exclude_none=True))
        for call in said.tool_calls:
            assert call.type == "function"
            result = read(json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def openai_responses(prompt: str) -> str:
    """Responses, with a stream."""
    from openai import OpenAI

    items: list[Any] = [{"role": "user", "content": prompt}]
    tools: Any = [{"type": "function", "strict": False, **TOOL, "parameters": SCHEMA}]
    while True:
        with OpenAI().responses.stream(model="gpt-5.1", input=items, tools=tools) as stream:
            said = stream.get_final_response()
        if not (calls := [item for item in said.output if item.type == "function_call"]):
            return said.output_text
        items += [item.model_dump(exclude={"parsed_arguments"}, exclude_none=True) for item in said.output]
        items += [
            {"type": "function_call_output", "call_id": call.call_id, "output": read(json.loads(call.arguments))}
            for call in calls
        ]


def read_file(path: str) -> str:
    """Reads a file."""
    return read({"path": path})


def gemini(prompt: str) -> str:
    """The SDK calls the tool by itself."""
    from google import genai

    config = genai.types.GenerateContentConfig(tools=[read_file])
    client = genai.Client()
    said = client.models.generate_content(model="gemini-2.5-flash", contents=prompt, config=config)
    return said.text or ""


KINDS = {each.__name__: each for each in (anthropic, curl, openai, openai_responses, gemini)}

if __name__ == "__main__":
    print(KINDS[sys.argv[1]](sys.argv[2]))
