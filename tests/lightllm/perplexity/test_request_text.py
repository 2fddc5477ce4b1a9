"""What a conversation is as one text."""

from __future__ import annotations

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity import query
from tests.lightllm.perplexity.asking import Wire, asked, assistant, chat, image, loaded, system, text_of, user

ANTHROPIC, CHAT, RESPONSES, GEMINI = (
    WireFormat.ANTHROPIC,
    WireFormat.OPENAI,
    WireFormat.OPENAI_RESPONSES,
    WireFormat.GEMINI,
)

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "rain"}


def turn(role: str, text: str) -> Wire:
    return {"role": role, "parts": [{"text": text}]}


SAME: list[tuple[WireFormat, Wire]] = [
    (CHAT, chat(system("Be brief."), user("hi"), assistant("Hello."), user("Why?"))),
    (
        ANTHROPIC,
        {"max_tokens": 9, "system": "Be brief.", "messages": [user("hi"), assistant("Hello."), user("Why?")]},
    ),
    (RESPONSES, {"instructions": "Be brief.", "input": [user("hi"), assistant("Hello."), user("Why?")]}),
    (
        GEMINI,
        {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [turn("user", "hi"), turn("model", "Hello."), turn("user", "Why?")],
        },
    ),
]


@pytest.mark.parametrize(("client", "document"), SAME, ids=[client.value for client, _ in SAME])
def test_every_client_asks_the_same(client: WireFormat, document: Wire) -> None:
    """R3: the input of Responses was ignored; C14: that of Gemini was lost."""
    assert text_of(document, client) == "[System]: Be brief.\n\n[User]: hi\n\n[Assistant]: Hello.\n\n[User]: Why?"
    call = loaded(document, client)
    assert query.former(call) == [("user", "hi"), ("assistant", "Hello.")]
    assert query.question(call) == "Why?"


def test_a_single_question_is_left_as_it_is() -> None:
    assert text_of(chat(user("hi"))) == "hi"
    assert query.former(loaded(chat(user("hi")))) == []
    assert query.question(loaded(chat(user("hi")))) == "hi"


def test_instructions_keep_their_order_wherever_they_stand() -> None:
    """They came out in reverse order."""
    document = chat(system("A"), system("B"), user("hi"), {"role": "developer", "content": "C"})
    assert text_of(document) == "[System]: A\n\n[System]: B\n\n[System]: C\n\nhi"


def test_parts_of_one_turn_are_paragraphs() -> None:
    parts = [{"type": "text", "text": "a"}, image(), {"type": "text", "text": ""}, {"type": "text", "text": "b"}]
    assert text_of(chat(user(parts))) == "a\n\nb"
    assert text_of(chat(user("a"), user("b"))) == "a\n\nb"


def test_calls_and_results_of_tools_are_told() -> None:
    document = chat(user("Rain?"), assistant(None, tool_calls=[CALL]), RESULT, assistant("Yes."), user("Thanks"))
    told = '[Assistant]: [Call of weather]: {"city":"Oslo"}\n\n[User]: [Result of weather]: rain'
    assert text_of(document) == f"[User]: Rain?\n\n{told}\n\n[Assistant]: Yes.\n\n[User]: Thanks"


def test_a_result_is_the_users_turn() -> None:
    call = loaded(chat(user("Rain?"), assistant(None, tool_calls=[CALL]), RESULT))
    assert query.question(call) == "[Result of weather]: rain"
    assert [role for role, _ in query.former(call)] == ["user", "assistant"]


def test_a_failed_call_is_told_as_one() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "weather", "input": {}}
    failed = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "no"}], "is_error": True}
    document = {"max_tokens": 9, "messages": [user("Rain?"), assistant([use]), user([failed])]}
    assert text_of(document, ANTHROPIC).endswith("[User]: [Error of weather]: no")


def test_data_of_a_result_is_json() -> None:
    called = {"functionCall": {"name": "weather", "args": {}}}
    response = {"functionResponse": {"name": "weather", "response": {"rain": True, "mm": 3}}}
    contents = [turn("user", "Rain?"), {"role": "model", "parts": [called]}, {"role": "user", "parts": [response]}]
    assert text_of({"contents": contents}, GEMINI).endswith('[User]: [Result of weather]: {"rain":true,"mm":3}')


def test_thinking_is_repeated_to_nobody() -> None:
    thought = {"type": "thinking", "thinking": "secret", "signature": "c2ln"}
    answer = assistant([thought, {"type": "text", "text": "Hello."}])
    document = {"max_tokens": 9, "messages": [user("hi"), answer, user("Why?")]}
    payload, call = asked(document, ANTHROPIC)
    assert "secret" not in str(payload)
    assert query.former(call)[1] == ("assistant", "Hello.")
    assert call.drops.counts["thinking"] == 1


def test_the_beginning_of_an_answer_is_asked_for_too() -> None:
    call = loaded({"max_tokens": 9, "messages": [user("hi"), assistant("{")]}, ANTHROPIC)
    assert query.question(call) == "[User]: hi\n\n[Assistant]: {"
    assert query.former(call) == []


@pytest.mark.parametrize("messages", [[], [user("")], [assistant("")]], ids=["none", "empty", "silent"])
def test_who_asks_nothing_is_told_so(messages: list[Wire]) -> None:
    with pytest.raises(InvalidCall, match="nothing to ask"):
        text_of(chat(*messages))


def test_a_picture_alone_is_a_question() -> None:
    assert text_of(chat(user([image()]))) == ""
    assert text_of(chat(user(""), pplx={"attachments": ["https://a.example/b"]})) == ""


def test_the_files_of_all_user_turns_are_found() -> None:
    """R3: parts of Anthropic's kinds were deleted."""
    png = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    use = {"type": "tool_use", "id": "t1", "name": "screen", "input": {}}
    shown = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "image", "source": png}]}
    pdf = {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}}
    messages = [
        user([{"type": "image", "source": png}]),
        assistant([use]),
        user([shown]),
        assistant("I see."),
        user([pdf]),
    ]
    call = loaded({"max_tokens": 9, "messages": messages}, ANTHROPIC)
    assert [item.media_type for item in query.files(call)] == ["image/png", "image/png", "application/pdf"]
    assert [item.media_type for item in query.files(call, last=True)] == ["application/pdf"]


def test_a_file_keeps_its_name() -> None:
    file = {"type": "file", "file": {"filename": "a b.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}}
    (item,) = query.files(loaded(chat(user([file]))))
    assert (item.vendor_metadata or {})["filename"] == "a b.pdf"


def test_the_parts_of_a_models_turn_at_gemini_are_pieces_of_one_text() -> None:
    """As its SDK sends back a stream: a blank line between them would part words, and the thread would not be found."""
    parts = [{"text": "A na"}, {"text": "ïve"}, {"functionCall": {"name": "f", "args": {}}}, {"text": "song"}]
    turns = [("user", [{"text": "one"}, {"text": "two"}]), ("model", parts), ("user", [{"text": "three"}])]
    document = {"contents": [{"role": role, "parts": said} for role, said in turns]}
    said = text_of(document, WireFormat.GEMINI).split("\n\n")
    assert said == ["[User]: one", "two", "[Assistant]: A naïve", "[Call of f]: {}", "song", "[User]: three"]
