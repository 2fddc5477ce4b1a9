"""`ctx.messages`, `ctx.system`, `ctx.tools`, `ctx.settings`: what changes is written, in the client's own words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart, VideoUrl
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.failures import Undeclared, Unfit
from tests.pipeline.subjects import context, subject
from tests.support.disorder import FORMATS

ANTHROPIC, CHAT, RESPONSES, GEMINI = FORMATS
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}

DOCUMENTS: dict[WireFormat, dict[str, Any]] = {
    ANTHROPIC: {
        "max_tokens": 5,
        "system": "Be brief.",
        "messages": [
            {"content": "Hello", "role": "user"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"a": "x"}}]},
            {"role": "user", "content": [{"tool_use_id": "c1", "type": "tool_result", "content": "y"}]},
        ],
        "model": "m-1",
        "tools": [{"input_schema": SCHEMA, "name": "f"}],
        "own_member": None,
    },
    CHAT: {
        "messages": [
            {"content": "Be brief.", "role": "system"},
            {"content": "Hello", "role": "user"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "f", "arguments": '{ "a": "x"}'}, "id": "c1", "type": "function"}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "y"}]},
        ],
        "model": "m-1",
        "max_tokens": 5,
        "tools": [{"type": "function", "function": {"parameters": SCHEMA, "name": "f"}}],
    },
    RESPONSES: {
        "instructions": "Be brief.",
        "input": [
            {"content": [{"type": "input_text", "text": "Hello"}], "role": "user"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{ "a": "x" }'},
            {"type": "function_call_output", "call_id": "c1", "output": "y"},
        ],
        "model": "m-1",
        "max_output_tokens": 5,
        "tools": [{"name": "f", "type": "function", "parameters": SCHEMA, "strict": False}],
        "store": False,
    },
    GEMINI: {
        "contents": [
            {"parts": [{"text": "Hello"}], "role": "user"},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": "x"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "y"}}}]},
        ],
        "system_instruction": {"parts": {"text": "Be brief."}},
        "generation_config": {"max_output_tokens": 5, "candidateCount": 1},
        "tools": [{"function_declarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {}}}]}],
    },
}  # fmt: skip


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> WireFormat:
    return request.param


def changed(format: WireFormat, change: Callable[[Context], object], **declared: Any) -> Any:
    """The document after a hook; taking it back is exact."""
    before = DOCUMENTS[format]
    given = subject(before, format=format)
    ctx = context(given, **declared)
    change(ctx)
    ctx.settle()
    after = copy.deepcopy(given.draft.document())
    assert orjson.loads(given.draft.written_out()) == after
    ctx.undo()
    assert orjson.dumps(given.draft.document()) == given.draft.written_out() == given.draft.raw
    return after


def expected(format: WireFormat, *path: Any, value: Any) -> Any:
    """The document with one value replaced, or appended to a list at the path."""
    document = copy.deepcopy(DOCUMENTS[format])
    *way, last = path
    container: Any = document
    for step in way:
        container = container[step]
    if last is None:
        container.append(value)
    else:
        container[last] = value
    return document


def touch(ctx: Context) -> None:
    """Looks at everything."""
    assert [part.content for part in ctx.system] == ["Be brief."]
    assert len(ctx.messages) == 3
    assert [tool.name for tool in ctx.tools] == ["f"]
    assert ctx.settings["max_tokens"] == 5


def test_looking_changes_nothing(format: WireFormat) -> None:
    given = subject(DOCUMENTS[format], format=format)
    ctx = context(given)
    touch(ctx)
    ctx.settle()
    assert not given.draft.changed
    assert given.draft.written_out() is given.draft.raw
    assert ctx.access.wrote == {}


def test_equal_values_change_nothing(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        ctx.messages, ctx.system = copy.deepcopy(ctx.messages), copy.deepcopy(ctx.system)
        ctx.tools, ctx.settings = copy.deepcopy(ctx.tools), copy.deepcopy(ctx.settings)

    given = subject(DOCUMENTS[format], format=format)
    ctx = context(given)
    change(ctx)
    ctx.settle()
    assert not given.draft.changed


TEXTS = {
    ANTHROPIC: ("messages", 0, "content"),
    CHAT: ("messages", 1, "content"),
    RESPONSES: ("input", 0, "content", 0, "text"),
    GEMINI: ("contents", 0, "parts", 0, "text"),
}


def test_one_text(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        ctx.messages[0].parts[0].content[0] = "Bye"

    after = changed(format, change, writes=["messages"])
    assert orjson.dumps(after) == orjson.dumps(expected(format, *TEXTS[format], value="Bye"))


MESSAGES = {
    ANTHROPIC: ("messages", {"role": "user", "content": [{"type": "text", "text": "More"}]}),
    CHAT: ("messages", {"role": "user", "content": "More"}),
    RESPONSES: ("input", {"type": "message", "role": "user", "content": "More"}),
    GEMINI: ("contents", {"role": "user", "parts": [{"text": "More"}]}),
}


def test_one_more_message(format: WireFormat) -> None:
    after = changed(format, lambda ctx: ctx.messages.append(ModelRequest([UserPromptPart("More")])))
    member, message = MESSAGES[format]
    assert after == expected(format, member, None, value=message)


def test_one_message_less(format: WireFormat) -> None:
    after = changed(format, lambda ctx: ctx.messages.pop())
    document = copy.deepcopy(DOCUMENTS[format])
    document[MESSAGES[format][0]].pop()
    assert after == document


SYSTEMS = {
    ANTHROPIC: ("system",),
    CHAT: ("messages", 0, "content"),
    RESPONSES: ("instructions",),
    GEMINI: ("system_instruction", "parts", "text"),
}


def edit_system(ctx: Context) -> None:
    ctx.system[0].content = "Be long."


def set_system(ctx: Context) -> None:
    ctx.system = "Be long."


@pytest.mark.parametrize("change", [edit_system, set_system])
def test_the_system_prompt(format: WireFormat, change: Callable[[Context], None]) -> None:
    after = changed(format, change, writes=["system"])
    assert orjson.dumps(after) == orjson.dumps(expected(format, *SYSTEMS[format], value="Be long."))


def test_one_more_part_of_the_system_prompt(format: WireFormat) -> None:
    after = changed(format, lambda ctx: ctx.system.append(SystemPromptPart("More.")), writes=["system"])
    two = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "More."}]
    assert (
        after
        == {
            ANTHROPIC: expected(ANTHROPIC, "system", value=two),
            CHAT: DOCUMENTS[CHAT]
            | {
                "messages": [
                    DOCUMENTS[CHAT]["messages"][0],
                    {"role": "system", "content": "More."},
                    *DOCUMENTS[CHAT]["messages"][1:],
                ]
            },
            RESPONSES: expected(RESPONSES, "instructions", value="Be brief.\n\nMore."),
            GEMINI: expected(GEMINI, "system_instruction", "parts", value=[{"text": "Be brief."}, {"text": "More."}]),
        }[format]
    )


def test_no_system_prompt(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        ctx.system = []

    after = changed(format, change, writes=["system"])
    document = copy.deepcopy(DOCUMENTS[format])
    if format is CHAT:
        del document["messages"][0]
    else:
        del document[SYSTEMS[format][0]]
    assert orjson.dumps(after) == orjson.dumps(document)


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_new_part_has_the_role_of_its_neighbour(role: str) -> None:
    """o-models know developers, and older ones systems."""
    given = subject({"model": "m", "messages": [{"role": role, "content": "a"}]}, format=CHAT)
    ctx = context(given)
    ctx.system = ["first", *ctx.system, "last"]
    ctx.settle()
    assert given.draft.document()["messages"] == [
        {"role": role, "content": content} for content in ("first", "a", "last")
    ]


LIMITS = {
    ANTHROPIC: ("max_tokens",),
    CHAT: ("max_tokens",),
    RESPONSES: ("max_output_tokens",),
    GEMINI: ("generation_config", "max_output_tokens"),
}


@pytest.mark.parametrize("declared", ["settings", "max_tokens"])
def test_a_setting(format: WireFormat, declared: str) -> None:
    after = changed(format, lambda ctx: ctx.settings.update(max_tokens=9), writes=[declared])
    assert orjson.dumps(after) == orjson.dumps(expected(format, *LIMITS[format], value=9))


MORE_SETTINGS: dict[WireFormat, dict[str, Any]] = {
    ANTHROPIC: {"stop_sequences": ["END"], "max_tokens": 8192},
    CHAT: {"stop_sequences": ["END"]},
    RESPONSES: {},
    GEMINI: {"stop_sequences": ["END"]},
}
"""Anthropic cannot be without a limit, and Responses has no stop sequences."""


def test_other_settings(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        ctx.settings = {"temperature": 0.5, "stop_sequences": ["END"]}

    after = changed(format, change, writes=["settings"])
    assert context(subject(after, format=format)).settings == {"temperature": 0.5, **MORE_SETTINGS[format]}
    if format is GEMINI:
        assert after["generation_config"]["candidateCount"] == 1


def test_one_more_tool(format: WireFormat) -> None:
    tool = ToolDefinition(name="g", description="Does g.", parameters_json_schema=SCHEMA)
    after = changed(format, lambda ctx: ctx.tools.append(tool), writes=["tools"])
    view = context(subject(after, format=format))
    assert [(one.name, one.description) for one in view.tools] == [("f", None), ("g", "Does g.")]
    untouched = {name: value for name, value in after.items() if name != "tools"}
    assert untouched == {name: value for name, value in DOCUMENTS[format].items() if name != "tools"}


def test_arguments_of_a_call(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        call = ctx.messages[1].parts[0]
        call.args = call.args_as_dict() | {"a": "changed"}

    after = changed(format, change, writes=["messages"])
    assert context(subject(after, format=format)).messages[1].parts[0].args_as_dict() == {"a": "changed"}


@pytest.mark.parametrize("format", [ANTHROPIC, GEMINI])
def test_arguments_changed_in_place(format: WireFormat) -> None:
    def change(ctx: Context) -> None:
        ctx.messages[1].parts[0].args["a"] = "changed"

    path = {
        ANTHROPIC: ("messages", 1, "content", 0, "input", "a"),
        GEMINI: ("contents", 1, "parts", 0, "functionCall", "args", "a"),
    }[format]
    assert changed(format, change) == expected(format, *path, value="changed")


def test_the_envelope_of_code_assist() -> None:
    document = {"model": "m-1", "project": "p", "request": DOCUMENTS[GEMINI]}
    given = subject(document, format=GEMINI)
    ctx = context(given, ["system"], ["system", "max_tokens"])
    ctx.system = "Be long."
    ctx.settings["max_tokens"] = 9
    ctx.settle()
    inner = expected(GEMINI, "system_instruction", "parts", "text", value="Be long.")
    inner["generation_config"]["max_output_tokens"] = 9
    assert given.draft.document() == {"model": "m-1", "project": "p", "request": inner}
    assert list(ctx.access.wrote) == ["request.systemInstruction", "settings.max_tokens"]
    ctx.undo()
    assert orjson.dumps(given.draft.document()) == given.draft.raw


CHANGES: dict[str, Callable[[Context], object]] = {
    "messages": lambda ctx: ctx.messages.pop(),
    "system": lambda ctx: ctx.system.clear(),
    "tools": lambda ctx: ctx.tools.clear(),
    "settings": lambda ctx: ctx.settings.update(temperature=0.1),
}


@pytest.mark.parametrize("root", CHANGES)
@pytest.mark.parametrize("declared", CHANGES)
def test_undeclared_changes(format: WireFormat, root: str, declared: str) -> None:
    given = subject(DOCUMENTS[format], format=format)
    ctx = context(given, ["**"], [declared])
    CHANGES[root](ctx)
    together = format in (CHAT, RESPONSES) and {root, declared} == {"messages", "system"}
    if root == declared or together:
        ctx.settle()
        assert given.draft.changed
        return
    with pytest.raises(Undeclared, match=declared):
        ctx.settle()
    ctx.undo()
    assert not given.draft.changed
    assert orjson.dumps(given.draft.document()) == given.draft.raw


def test_declarations_may_be_finer() -> None:
    given = subject(DOCUMENTS[ANTHROPIC])
    ctx = context(given, ["messages"], ["messages.*.content", "tools.*.description"])
    ctx.messages[0].parts[0].content[0] = "Bye"
    ctx.tools[0].description = "Does f."
    ctx.settle()
    assert list(ctx.access.wrote) == ["messages.0.content.0.text", "tools.0.description"]
    ctx = context(given, ["messages"], ["messages.*.content"])
    ctx.messages.clear()
    with pytest.raises(Undeclared):
        ctx.settle()


def test_other_changes_since_are_kept(format: WireFormat) -> None:
    """By another hook that runs at the same time, or by this one on the body itself."""
    given = subject(DOCUMENTS[format], format=format)
    one, other = context(given, writes=["messages"]), context(given, writes=["system", "settings"])
    one.messages.append(ModelRequest([UserPromptPart("More")]))
    other.system = ["First.", *other.system, "Last."]
    other.settings["max_tokens"] = 9
    other.settle()
    one.settle()
    view = context(given)
    assert "".join(part.content for part in view.system).replace("\n\n", "") == "First.Be brief.Last."
    assert len(view.messages) == 4 or format in (CHAT, RESPONSES)
    assert view.messages[-1].parts[-1].content in ("More", ["More"])
    assert view.settings["max_tokens"] == 9


def test_the_body_and_the_types_of_one_hook() -> None:
    given = subject(DOCUMENTS[ANTHROPIC])
    ctx = context(given)
    assert len(ctx.messages) == 3
    ctx.body.get("tools")[0]["description"] = "Does f."
    ctx.body.assign("messages", DOCUMENTS[ANTHROPIC]["messages"][:1])
    ctx.settings["max_tokens"] = 9
    ctx.settle()
    assert given.draft.document() == DOCUMENTS[ANTHROPIC] | {
        "max_tokens": 9,
        "tools": [DOCUMENTS[ANTHROPIC]["tools"][0] | {"description": "Does f."}],
        "messages": DOCUMENTS[ANTHROPIC]["messages"][:1],
    }
    ctx.undo()
    assert orjson.dumps(given.draft.document()) == given.draft.raw


@pytest.mark.parametrize(
    ("document", "format", "is_call", "reason"),
    [
        (DOCUMENTS[ANTHROPIC], ANTHROPIC, False, "not a model call"),
        (DOCUMENTS[ANTHROPIC], None, True, "not a model call"),
        (b"{", ANTHROPIC, True, "JSON"),
        ([], ANTHROPIC, True, "cannot be read as a model call"),
        ({"model": "m"}, CHAT, True, "messages: a list is expected"),
        (b'{"messages":' + b"[" * 900 + b"]" * 900 + b"}", ANTHROPIC, True, "cannot be read|nested too deeply"),
    ],
)
def test_what_is_no_model_call(document: Any, format: WireFormat | None, is_call: bool, reason: str) -> None:
    given = subject(document, format=format, is_call=is_call)
    for use in (lambda ctx: ctx.messages, lambda ctx: ctx.settings, set_system):
        ctx = context(given)
        with pytest.raises(Unfit, match=reason):
            use(ctx)
        ctx.settle()
    assert not given.draft.changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ctx: ctx.messages.append("text"), r"messages\[3\] is a str"),
        (lambda ctx: ctx.system.append(3), r"system\[1\] is a int"),
        (lambda ctx: ctx.tools.append({}), r"tools\[1\] is a dict"),
        (lambda ctx: ctx.messages[1].parts[0].args.update(a={1}), "JSON"),
        (lambda ctx: ctx.settings.update(max_tokens=float("nan")), "JSON"),
    ],
)
def test_what_cannot_be_written(change: Callable[[Context], object], words: str) -> None:
    given = subject(DOCUMENTS[ANTHROPIC])
    ctx = context(given)
    change(ctx)
    with pytest.raises(TypeError, match=words):
        ctx.settle()
    ctx.undo()
    assert (given.draft.changed, orjson.dumps(given.draft.document())) == (False, given.draft.raw)


def test_what_the_format_has_no_place_for_is_counted() -> None:
    given = subject(DOCUMENTS[ANTHROPIC])
    ctx = context(given)
    ctx.messages[0].parts[0].content.append(VideoUrl("https://example.com/a.mp4"))
    ctx.messages[0].parts[0].content.append("See there.")
    ctx.settle()
    assert given.exchange.dropped == {"media": 1}
    assert given.draft.document()["messages"][0]["content"][1:] == [{"type": "text", "text": "See there."}]


def test_reading_says_what_it_reads() -> None:
    given = subject(DOCUMENTS[ANTHROPIC])
    ctx = context(given, ["max_tokens"], [])
    ctx.settings.get("max_tokens")
    assert ctx.access.step.undeclared == []
    ctx.messages, ctx.system, ctx.tools  # noqa: B018
    assert ctx.access.step.undeclared == ["messages", "system", "tools"]
    ctx = context(given, [], [])
    ctx.settings.get("max_tokens")
    assert ctx.access.step.undeclared == ["settings"]
