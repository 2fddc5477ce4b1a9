"""Two requests of different formats beside each other: which part of the one became which of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from ccproxy.flows.diff.parts import same_words, told
from ccproxy.flows.diff.sequences import align
from ccproxy.flows.diff.values import ValueChange, value_changes
from ccproxy.flows.parts.parts import Block, Message, Parts, Tool, canonical, dicts

ALIASES: Mapping[str, str] = {
    "max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens",
    "generationConfig.maxOutputTokens": "max_tokens",
    "generationConfig.temperature": "temperature", "generationConfig.topP": "top_p", "generationConfig.topK": "top_k",
    "generationConfig.seed": "seed", "generationConfig.presencePenalty": "presence_penalty",
    "generationConfig.frequencyPenalty": "frequency_penalty",
    "stop_sequences": "stop", "generationConfig.stopSequences": "stop",
    "toolConfig": "tool_choice", "tool_config": "tool_choice",
    "thinking": "reasoning", "reasoning_effort": "reasoning", "generationConfig.thinkingConfig": "reasoning",
    "serviceTier": "service_tier", "safety_identifier": "user", "metadata": "user",
    "model in the path": "model", "stream in the path": "stream",
    "params.model_preference": "model",
    "pplx.space_uuid": "params.target_collection_uuid", "pplx.coordinates": "params.client_coordinates",
    "output_config": "response_format", "text": "response_format",
    "generationConfig.responseJsonSchema": "response_format", "generationConfig.responseSchema": "response_format",
}  # fmt: skip
"""Parameters that say the same under other names, as docs/formats.md lists them."""
PATH = re.compile(r"/(?:models/(?P<model>[^:/]+)|v1internal):(?P<action>\w+)")
"""Of Gemini's requests (https://ai.google.dev/api/generate-content#endpoint), and of Code Assist's."""
OWN, PARAMS = "pplx", "params"
"""What a client says to Perplexity only, and where it is then."""
SCHEMAS = ("input_schema", "parameters", "parametersJsonSchema", "parameters_json_schema")


@dataclass(frozen=True, slots=True)
class Row:
    """A part on either side. Places are counted from 1; a message's block is told with its message's place."""

    what: Literal["parameter", "system block", "tool", "message"]
    how: Literal["same", "changed", "removed", "added"]
    kind: str
    """Of a block: text, tool_use and so on."""
    old: str | None
    """The parameter's or tool's name, the message's role; None where there is no such part."""
    new: str | None
    old_place: int | None = None
    new_place: int | None = None
    old_value: Any = None
    """A parameter's value, a tool's definition, the words of a block."""
    new_value: Any = None
    values: tuple[ValueChange, ...] = ()
    """Where what a tool takes, or a block says, is not the same."""


type Place = tuple[int, str, Block]
"""A block with its message's place and role."""


def side_by_side(old: Parts, new: Parts) -> tuple[Row, ...]:
    """All parts of both, each in one row."""
    return (
        *parameter_rows(opened(old.parameters), new.parameters),
        *block_rows("system block", placed_blocks(old.system), placed_blocks(new.system)),
        *tool_rows(old.tools, new.tools),
        *block_rows("message", placed(old.messages), placed(new.messages)),
    )


def opened(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters with those that are meant for Perplexity by themselves: `pplx.sources`."""
    own = parameters.get(OWN)
    if not isinstance(own, dict) or any(f"{OWN}.{name}" in parameters for name in own):
        return parameters
    others = {name: value for name, value in parameters.items() if name != OWN}
    return others | {f"{OWN}.{name}": value for name, value in own.items()}


def in_path(path: str) -> dict[str, Any]:
    """The parameters that Gemini has in its path: `/models/{model}:streamGenerateContent`, without the model for Code
    Assist; none of other paths."""
    found = PATH.search(path)
    if found is None:
        return {}
    model = {"model in the path": unquote(found["model"])} if found["model"] else {}
    return model | {"stream in the path": found["action"].startswith("stream")}


def parameter_rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Row]:
    """By what they mean."""
    left = list(new)
    for name, value in old.items():
        other = name if name in left else next((each for each in left if meaning(each) == meaning(name)), None)
        if other is None:
            yield Row("parameter", "removed", "", name, None, old_value=value)
            continue
        left.remove(other)
        how: Literal["same", "changed"] = "same" if canonical(value) == canonical(new[other]) else "changed"
        yield Row("parameter", how, "", name, other, old_value=value, new_value=new[other])
    for name in left:
        yield Row("parameter", "added", "", None, name, new_value=new[name])


def meaning(parameter: str) -> str:
    """One name for what has several."""
    own, _, name = parameter.partition(".")
    return ALIASES.get(parameter, f"{PARAMS}.{name}" if own == OWN and name else parameter)


def tool_rows(old: Sequence[Tool], new: Sequence[Tool]) -> Iterator[Row]:
    """By their names."""
    found = align([each.name for each in old], [each.name for each in new], lambda one, other: False)
    for one, other in sorted([*found.same, *found.moved]):
        before, after = old[one], new[other]
        changes = tuple(value_changes(definition(before.value), definition(after.value)))
        how: Literal["same", "changed"] = "changed" if changes else "same"
        names, values = (before.name, after.name), (before.value, after.value)
        yield Row("tool", how, "", *names, one + 1, other + 1, *values, changes)
    for one in found.removed:
        yield Row("tool", "removed", "", old[one].name, None, one + 1, None, old[one].value)
    for other in found.added:
        yield Row("tool", "added", "", None, new[other].name, None, other + 1, None, new[other].value)


def definition(tool: Any) -> dict[str, Any]:
    """What a tool is for and takes, the same in every format."""
    inner = next(iter(dicts([tool.get("function"), tool.get("custom")])), tool) if isinstance(tool, dict) else {}
    schema = next((inner[name] for name in SCHEMAS if name in inner), None)
    return {"description": inner.get("description"), "schema": schema}


def placed(messages: Sequence[Message]) -> list[Place]:
    """The blocks of messages."""
    return [(place, each.role, block) for place, each in enumerate(messages, 1) for block in each.blocks]


def placed_blocks(blocks: Sequence[Block]) -> list[Place]:
    """The blocks of a system prompt."""
    return [(place, "system", block) for place, block in enumerate(blocks, 1)]


def block_rows(what: Literal["system block", "message"], old: Sequence[Place], new: Sequence[Place]) -> Iterator[Row]:
    """By what they are and say."""

    def alike(one: int, other: int) -> bool:
        before, after = old[one][2], new[other][2]
        return before.kind == after.kind and before.name == after.name and same_words(before.text, after.text)

    found = align([said(block) for *_, block in old], [said(block) for *_, block in new], alike)
    rows = [(how, one, other) for how, one, other in told(found)]
    rows += [("moved", one, other) for one, other in found.same]
    begin = {other: one for _, one, other in rows if one is not None and other is not None}
    rows.sort(key=lambda row: (row[1] if row[1] is not None else before(row[2], begin), row[2] or 0))
    for how, one, other in rows:
        here, there = (old[one] if one is not None else None), (new[other] if other is not None else None)
        known = there or here
        assert known is not None
        yield Row(
            what,
            "same" if how == "moved" else how,
            known[2].kind,
            here and here[1],
            there and there[1],
            here and here[0],
            there and there[0],
            here and here[2].text,
            there and there[2].text,
            tuple(value_changes(here[2].text, there[2].text)) if here and there and how == "changed" else (),
        )


def before(other: int | None, begin: Mapping[int, int]) -> float:
    """Where among the old ones a new one that has no counterpart is told."""
    return next((begin[at] + 0.5 for at in range(other or 0, -1, -1) if at in begin), -0.5)


def said(block: Block) -> str:
    """By which blocks of two formats are the same; ids are each format's own."""
    return canonical([block.kind, block.name if block.kind == "tool_use" else "", block.text.strip()])
