"""The words of a call. The application takes one text, and knows neither roles nor results of tools.

What stands on one side of the conversation without the other saying anything in between is one turn: the user's
prompts and the results of tools on the one side, the model's texts and calls on the other. Instructions belong to
neither, and thinking is not repeated to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.arguments import arguments_json
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.perplexity.content import File, files_of, result_text, texts_of

type Turn = tuple[str, str]
"""Whose turn it is, `user` or `assistant`, and its text."""

SEPARATOR = "\n\n"
MARKS: Mapping[str, str] = {"user": "[User]: ", "assistant": "[Assistant]: "}
INSTRUCTION = "[System]: "


def conversation(call: ModelCall) -> str:
    """All that is said in a call, as one text.

    Instructions come first, in their own order, each behind `[System]: `. Turns follow; where there is more than one,
    each stands behind `[User]: ` or `[Assistant]: `, and a single one of the user's is left as it is.
    """
    return SEPARATOR.join([*(INSTRUCTION + text for text in instructions(call)), *_marked(turns(call))])


def question(call: ModelCall) -> str:
    """The text of the last user turn. Where the call has the beginning of its answer too, that follows, both marked."""
    return SEPARATOR.join(_marked(turns(call)[_last(call) :]))


def former(call: ModelCall) -> list[Turn]:
    """Role and text of each turn before the last of the user's."""
    return turns(call)[: _last(call)]


def turns(call: ModelCall) -> list[Turn]:
    """All turns. No two that follow each other are of the same role."""
    is_pieces = call.origin is WireFormat.GEMINI
    return [
        (role, SEPARATOR.join(text for part in (_joined(parts) if is_pieces else parts) for text in _told(part)))
        for role, parts in _sides(call)
    ]


def instructions(call: ModelCall) -> list[str]:
    """The system prompts, wherever they stand."""
    parts = [part for message in call.messages if isinstance(message, ModelRequest) for part in message.parts]
    return [part.content for part in parts if isinstance(part, SystemPromptPart) and part.content]


def files(call: ModelCall, *, last: bool = False) -> list[File]:
    """The media of all user turns, or of the last one only, with those that tools returned."""
    sides = _sides(call)
    wanted = sides[_last(call) :] if last else sides
    return [item for role, parts in wanted if role == "user" for part in parts for item in files_of(part)]


def _last(call: ModelCall) -> int:
    """Where the last user turn is; the number of turns if there is none."""
    roles = [role for role, _ in _sides(call)]
    return len(roles) - 1 - roles[::-1].index("user") if "user" in roles else len(roles)


def _sides(call: ModelCall) -> list[tuple[str, list[Any]]]:
    sides: list[tuple[str, list[Any]]] = []
    for message in call.messages:
        role = "assistant" if isinstance(message, ModelResponse) else "user"
        parts = [part for part in message.parts if not isinstance(part, SystemPromptPart)]
        if parts and sides and sides[-1][0] == role:
            sides[-1][1].extend(parts)
        elif parts:
            sides.append((role, parts))
    return sides


def _joined(parts: list[Any]) -> list[Any]:
    """The parts with a model's texts that follow each other as one: of Gemini's they are pieces of a stream."""
    out: list[Any] = []
    for part in parts:
        if isinstance(part, TextPart) and out and isinstance(out[-1], TextPart):
            out[-1] = TextPart(out[-1].content + part.content)
        else:
            out.append(part)
    return out


def _marked(turns: Iterable[Turn]) -> list[str]:
    said = [(role, text) for role, text in turns if text]
    if [role for role, _ in said] == ["user"]:
        return [said[0][1]]
    return [MARKS[role] + text for role, text in said]


def _told(part: Any) -> list[str]:
    """The texts of a part; none of one that says nothing in words."""
    teller = next((tell for kind, tell in TELLERS if isinstance(part, kind)), None)
    return [text for text in teller(part) if text] if teller is not None else []


def _result(part: ToolReturnPart[Any]) -> list[str]:
    kind = "Error" if part.outcome in {"failed", "retried"} else "Result"
    return [f"[{kind} of {part.tool_name or 'a tool'}]: {result_text(part)}"]


TELLERS: tuple[tuple[type, Callable[[Any], list[str]]], ...] = (
    (UserPromptPart, texts_of),
    (ToolReturnPart, _result),
    (TextPart, lambda part: [part.content]),
    (ToolCallPart, lambda part: [f"[Call of {part.tool_name}]: {arguments_json(part.args)}"]),
    (RetryPromptPart, lambda part: [part.model_response()]),
)
"""What each kind of part says."""
