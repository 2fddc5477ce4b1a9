"""The system prompt and the rest of a conversation, which pydantic-ai has in one list of messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart
from pydantic_ai.tools import ToolDefinition


class Prompt:
    """The parts of a system prompt that stand before the first other part, and the messages without them.

    Each part knows the request that it came from, which is one message of the wire in some formats: so the list that
    comes out is the list that went in, if nobody changed anything.
    """

    def __init__(self, messages: list[ModelMessage]) -> None:
        self.system: list[SystemPromptPart] = []
        self.messages = list(messages)
        self._homes: dict[int, tuple[SystemPromptPart, ModelRequest]] = {}  # by the identity of the part
        while self.messages and isinstance(first := self.messages[0], ModelRequest):
            own = [part for part in takewhile(_is_system, first.parts) if isinstance(part, SystemPromptPart)]
            if not own:
                break
            self.system += own
            self._homes |= {id(part): (part, first) for part in own}
            first.parts = first.parts[len(own) :]
            if first.parts:
                break
            del self.messages[0]

    def put_system(self, system: str | Sequence[SystemPromptPart | str]) -> None:
        """Another system prompt; what is only text becomes a part."""
        given = [system] if isinstance(system, str) else system
        self.system = [SystemPromptPart(part) if isinstance(part, str) else part for part in given]

    def take_system(self, other: Prompt) -> None:
        """Takes over the system prompt of another one."""
        self.system = other.system
        self._homes |= other._homes

    def joined(self) -> list[ModelMessage]:
        """Both as one list again. Raises TypeError for what is neither a part of a system prompt nor a message."""
        runs: list[tuple[ModelRequest | None, list[SystemPromptPart]]] = []
        for part in self._parts():
            home = self._homes[id(part)][1] if id(part) in self._homes else runs[-1][0] if runs else None
            if runs and home is runs[-1][0]:
                runs[-1][1].append(part)
            else:
                runs.append((home, [part]))
        rest = checked(self.messages, (ModelRequest, ModelResponse), "messages")
        requests = [ModelRequest(run) if home is None else replace(home, parts=run) for home, run in runs]
        if runs and rest and rest[0] is runs[-1][0]:
            requests[-1] = replace(runs[-1][0], parts=[*runs[-1][1], *rest.pop(0).parts])
        return [*requests, *rest]

    def _parts(self) -> list[SystemPromptPart]:
        """The parts; a new one has the role of the one before it, or behind it: "developer", for example."""
        parts = checked(self.system, (SystemPromptPart,), "system")
        for at, part in enumerate(parts):
            if part.metadata is None and id(part) not in self._homes and len(parts) > 1:
                neighbour = parts[at - 1] if at else parts[1]
                role = (neighbour.metadata or {}).get("role")
                parts[at] = replace(part, metadata={"role": role}) if role else part
        return parts


def checked(values: Sequence[Any], kinds: tuple[type, ...], name: str) -> list[Any]:
    """A list of values of these kinds. Raises TypeError, naming what they are."""
    for at, value in enumerate(values):
        if not isinstance(value, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise TypeError(f"{name}[{at}] is a {type(value).__name__}, and should be a {wanted}")
    return list(values)


def checked_tools(tools: Sequence[Any]) -> list[ToolDefinition]:
    """Tools. Raises TypeError."""
    return checked(tools, (ToolDefinition,), "tools")


def _is_system(part: object) -> bool:
    return isinstance(part, SystemPromptPart)
