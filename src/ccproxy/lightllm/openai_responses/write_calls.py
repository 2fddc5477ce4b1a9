"""Calls of the client's tools as they are written: as the kind of tool that the client declared."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.lightllm.openai_responses.frames import DeltaFrame, Frames

type Wire = dict[str, Any]

EVENTS = {"arguments": "response.function_call_arguments", "input": "response.custom_tool_call_input"}
"""Beginnings of the names of a call's events, by the field that they fill."""


class Call:
    """A function call, or a custom tool call of a provider that has custom tools."""

    def __init__(self, frames: Frames, place: int, item: Wire, field: str) -> None:
        self.place = place
        self._frames = frames
        self._item = item
        self._field = field
        self._pieces: list[str] = []
        self._at = {"item_id": item["id"], "output_index": place}
        self._frame = DeltaFrame(frames, f"{EVENTS[field]}.delta", self._at)

    def delta(self, text: str) -> bytes:
        """More of the arguments or of the input."""
        self._pieces.append(text)
        return self._frame.write(text)

    def stop(self) -> bytes:
        """The call is whole. A function without arguments gets an empty object: clients parse what stands there."""
        is_function = self._field == "arguments"
        out = self.delta("{}") if is_function and not self._pieces else b""
        more = {"name": self._item["name"]} if is_function else {}
        whole = {self._field: "".join(self._pieces)}
        return out + self._frames.event(f"{EVENTS[self._field]}.done", **self._at, **more, **whole)

    def item(self, status: str = "completed") -> Wire:
        """The item with all that it holds by now."""
        return {**self._item, "status": status, self._field: "".join(self._pieces)}


class TextCall(Call):
    """A call of a custom tool by a provider that knows only functions: its text is the argument `input`."""

    def __init__(self, frames: Frames, place: int, item: Wire) -> None:
        super().__init__(frames, place, item, "input")
        self._held: list[str] = []

    def delta(self, text: str) -> bytes:
        """Kept back: the text is inside JSON that is not whole."""
        self._held.append(text)
        return b""

    def stop(self) -> bytes:
        """The call is whole."""
        text = input_text("".join(self._held))
        return (super().delta(text) if text else b"") + super().stop()


class ShellCall:
    """A call of `local_shell`, which other providers are given as a function with the fields of its action."""

    def __init__(self, place: int, item: Wire) -> None:
        self.place = place
        self._item = item
        self._held: list[str] = []

    def delta(self, text: str) -> bytes:
        """Kept back: the action goes out in one piece."""
        self._held.append(text)
        return b""

    def stop(self) -> bytes:
        """The call is whole."""
        return b""

    def item(self, status: str = "completed") -> Wire:
        """The item with all that it holds by now."""
        return {**self._item, "status": status, "action": shell_action("".join(self._held))}


def input_text(arguments: str) -> str:
    """The text of a custom tool's call out of a function's arguments; the arguments where they hold no such text."""
    try:
        value = orjson.loads(arguments) if arguments else ""
    except orjson.JSONDecodeError:
        return arguments
    if isinstance(value, dict):
        value = value.get("input", next(iter(value.values())) if len(value) == 1 else None)
    return value if isinstance(value, str) else arguments


def shell_action(arguments: str) -> Wire:
    """The action of a shell call out of a function's arguments."""
    try:
        given = orjson.loads(arguments) if arguments else {}
    except orjson.JSONDecodeError:
        given = arguments
    given = given if isinstance(given, dict) else {"command": given}
    command = given.get("command", given.get("input"))
    words = command if isinstance(command, list) else [] if command is None else ["bash", "-lc", command]
    env = given.get("env")
    action = {"type": "exec", "command": [str(word) for word in words], "env": env if isinstance(env, dict) else {}}
    return action | {name: given[name] for name in SHELL_FIELDS if given.get(name) is not None}


SHELL_FIELDS = ("timeout_ms", "user", "working_directory")
