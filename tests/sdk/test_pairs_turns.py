"""Each SDK as a client of a provider of each format: text, tools, media, structured output."""

from __future__ import annotations

import pytest

from tests.sdk.pairs import PAIRS, WAYS, Crossing
from tests.sdk.speakers.question import TOOLS, Place

pytestmark = [
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
    pytest.mark.parametrize("way", WAYS),
]
TEXT = 'SIM_ECHO Grüße → 京都 🎏 "quoted" \\ back\\u0041slash\ttab\n\n  two lines\u2028</div>\x7f'
LOOK_UP = 'SIM_TOOL look_up {"city": "Zürich", "days": 2}'
TWO_CALLS = 'SIM_TOOL look_up {"city": "Zürich \\"\\n"} SIM_TOOL look_up {"city": "Kyoto", "days": 3}'
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DONE = {"anthropic": "end_turn", "openai": "stop", "openai_responses": "completed", "gemini": "STOP"}
CALLED = {"anthropic": "tool_use", "openai": "tool_calls", "openai_responses": "completed", "gemini": "STOP"}


def test_text(crossing: Crossing) -> None:
    said = crossing.say(crossing.question(TEXT, system="Be brief.", before=("hello", "hello yourself")))
    assert said.text == TEXT
    assert said.stop == DONE[crossing.client]
    assert crossing.way == "buffered" or said.pieces > 5
    seen = crossing.seen()
    assert seen.system == "Be brief."
    assert seen.texts == ["hello", TEXT]


def test_a_tool_call_and_its_result(crossing: Crossing) -> None:
    question = crossing.question(LOOK_UP, tools=True)
    first = crossing.say(question)
    (call,) = first.calls
    assert call.id
    assert (call.name, call.arguments) == ("look_up", {"city": "Zürich", "days": 2})
    assert first.stop == CALLED[crossing.client]
    assert crossing.seen().tools == [(tool.name, tool.schema) for tool in TOOLS]
    last = crossing.say(crossing.speaker.go_on(question, first, [(call, "sunny all day")]))
    assert last.text == "TOOL RESULT: sunny all day"
    assert last.stop == DONE[crossing.client]
    seen = crossing.seen()
    assert [(name, arguments) for _, name, arguments in seen.calls] == [(call.name, call.arguments)]
    assert seen.results == [(seen.calls[0][0], "sunny all day")]


def test_parallel_tool_calls(crossing: Crossing) -> None:
    question = crossing.question(TWO_CALLS, tools=True)
    first = crossing.say(question)
    assert [call.arguments for call in first.calls] == [{"city": 'Zürich "\n'}, {"city": "Kyoto", "days": 3}]
    assert len({call.id for call in first.calls}) == 2
    results = [(call, f"weather of {call.arguments['city']}") for call in reversed(first.calls)]
    last = crossing.say(crossing.speaker.go_on(question, first, results))
    assert last.text.startswith("TOOL RESULT: weather of ")
    seen = crossing.seen()
    cities = {id: arguments["city"] for id, _, arguments in seen.calls}
    assert {cities[id]: text for id, text in seen.results} == {
        'Zürich "\n': 'weather of Zürich "\n',
        "Kyoto": "weather of Kyoto",
    }


@pytest.mark.parametrize("choice", ["none", "required", "add-up"])
def test_a_choice_of_tools(crossing: Crossing, choice: str) -> None:
    text = LOOK_UP if choice == "none" else "hello"
    said = crossing.say(crossing.question(text, tools=True, choice=choice))
    names = [call.name for call in said.calls]
    assert names == {"none": [], "required": ["look_up"]}.get(choice, [choice])
    assert said.stop == (CALLED if names else DONE)[crossing.client]
    assert crossing.seen().tools


@pytest.mark.parametrize("media", [("image/png", PNG), ("application/pdf", PDF)], ids=["image", "pdf"])
def test_media(crossing: Crossing, media: tuple[str, bytes]) -> None:
    said = crossing.say(crossing.question("SIM_ECHO look at this", media=media))
    assert said.text == "SIM_ECHO look at this"
    named = media[0] == "application/pdf" and crossing.client in ("openai", "openai_responses")
    lost = {"document_metadata": 1} if named and crossing.provider == "gemini" else {}
    assert crossing.seen(**lost).media == [media]


def test_structured_output(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("where to?", output=Place))
    assert isinstance(said.parsed, Place)
    assert said.stop == DONE[crossing.client]
    schema = crossing.seen().schema
    assert {name: kind["type"].lower() for name, kind in schema["properties"].items()} == {
        "city": "string",
        "days": "integer",
    }
    assert sorted(schema["required"]) == ["city", "days"]
