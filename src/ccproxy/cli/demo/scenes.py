"""The demo's scenes: a streamed turn in each format, a turn with a tool, and an error."""

from __future__ import annotations

import json
import sys
from http.client import HTTPException

from ccproxy.cli.demo.formats import ANTHROPIC, CHAT, FORMATS, Event, Format
from ccproxy.cli.demo.stage import Voice, asked, error_words, figures, heading, shown
from ccproxy.cli.demo.turn import Client, Turn
from ccproxy.cli.grammar import CommandError

EVENTS_PER_SECOND = 200
"""How fast the simulator speaks where somebody watches."""

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def play(client: Client, provider: str, foreign: tuple[Client, str]) -> int:
    """Play all scenes. Returns the number of requests sent. Raises CommandError where one does not go as it should.

    Args:
        client: sends to a provider that speaks every format.
        provider: its name.
        foreign: a client for a provider that speaks one format only, and its name.
    """
    for wire in FORMATS:
        a_turn(client, wire, provider)
    a_tool_turn(client, provider)
    a_tool_turn(*foreign, "Translated: an Anthropic client, a Gemini provider")
    an_error(client, provider)
    return len(FORMATS) + 5


def a_turn(client: Client, wire: Format, provider: str) -> None:
    """A streamed turn in one format."""
    prompt = f"Hello! This is {wire.title}."
    heading(wire.title, f"POST {wire.path.partition('?')[0]} → {provider}")
    asked(prompt)
    turn = speak(client, wire, wire.body(prompt + pace()))
    if not turn.text or turn.usage is None:
        raise CommandError(f"{wire.title}: the answer has no {'usage' if turn.text else 'text'}")


def a_tool_turn(client: Client, provider: str, title: str = "A tool call") -> None:
    """The model asks for a tool, gets its result and answers."""
    prompt = "How is the weather in Oslo?"
    heading(title, f"POST {ANTHROPIC.path} → {provider}, twice")
    asked(prompt)
    body = ANTHROPIC.body(prompt + ' SIM_TOOL get_weather {"city": "Oslo"}') | {"tools": [WEATHER]}
    blocks = content_blocks(speak(client, ANTHROPIC, body))
    call = next((block for block in blocks if block["type"] == "tool_use"), None)
    if call is None:
        raise CommandError("the simulator was told to call a tool and did not")
    shown(f"calls {call['name']}({json.dumps(call['input'])})", "yellow")
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "4 °C, light rain"}
    asked("(its result) 4 °C, light rain")
    turns = [{"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    speak(client, ANTHROPIC, body | {"messages": body["messages"] + turns})


def an_error(client: Client, provider: str) -> None:
    """The provider refuses, and the client hears so in its own dialect."""
    heading("An error stays an error", f"POST {CHAT.path} → {provider}")
    asked("Please answer that I am too fast.")
    turn = send(client, CHAT, CHAT.body("Please answer that I am too fast. SIM_ERROR 429"), Voice())
    if turn.status != 429:
        raise CommandError(f"the provider refused with 429, the client saw {turn.status}")
    shown(error_words(turn.error), "red")
    figures(turn)


def speak(client: Client, wire: Format, body: Event) -> Turn:
    """Send a turn that is to succeed, and show it as it comes."""
    voice = Voice()
    turn = send(client, wire, body, voice)
    voice.end()
    if turn.status != 200:
        raise CommandError(f"{wire.title}: status {turn.status}: {error_words(turn.error)}")
    figures(turn)
    return turn


def send(client: Client, wire: Format, body: Event, voice: Voice) -> Turn:
    """Send a turn. Raises CommandError if the connection fails or what comes is no stream of the format."""
    try:
        return client.send(wire, body, voice)
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(f"{wire.title}: {type(error).__name__}: {error}") from error


def pace() -> str:
    """The marker that lets the simulator speak slowly enough to watch; none where nobody does."""
    return f" SIM_PACE {EVENTS_PER_SECOND}" if sys.stdout.isatty() else ""


def content_blocks(turn: Turn) -> list[Event]:
    """The content blocks of a streamed Anthropic message, put together for the next request."""
    blocks: list[Event] = []
    for event in turn.events:
        if event["type"] == "content_block_start":
            blocks.append(dict(event["content_block"]) | {"parts": ""})
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            blocks[event["index"]]["parts"] += delta.get("text", "") or delta.get("partial_json", "")
    return [finished(block) for block in blocks]


def finished(block: Event) -> Event:
    """A content block with the parts that its deltas brought: text, or the JSON of a tool's input."""
    parts = block.pop("parts")
    return block | ({"text": parts} if block["type"] == "text" else {"input": json.loads(parts or "{}")})
