"""Conversations that the Responses API remembers, in front of providers that do not."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.support.crossing import read
from tests.support.daemon import Daemon
from tests.support.dialects import RESPONSES
from tests.support.http import Response
from tests.support.provider_answers import body_of, chat_end, chunk, error_event_of, stream_of
from tests.support.replies import each, json_reply, stream
from tests.support.sse import events
from tests.support.upstream import Recorded, Script, Upstream

OTHERS = ["openai", "anthropic", "gemini"]
PICTURE = "data:image/png;base64,iVBORw0KGgo="


def ask(daemon: Daemon, provider: str = "openai", streamed: bool = False, **members: Any) -> Response:
    body = {"model": "m-1", "stream": streamed} | members
    return daemon.ask("POST", "/v1/responses", [RESPONSES.key(provider)], json.dumps(body).encode())


def whole(answer: Response) -> dict[str, Any]:
    """The response object of an answer of either kind."""
    read("openai_responses", answer)
    streamed = (answer.field("content-type") or b"").startswith(b"text/event-stream")
    found: dict[str, Any] = events(answer.body)[-1].json()["response"] if streamed else answer.json()
    return found


def turns(seen: Recorded) -> list[tuple[str, str]]:
    """Roles and texts of what a provider was asked."""
    body = json.loads(seen.body)
    listed = body.get("messages") or body["contents"]
    return [(turn["role"], "".join(texts(turn.get("content") or turn.get("parts")))) for turn in listed]


def texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or () if part.get("text")]


def numbered(provider: str, streamed: bool) -> Script:
    """Answers `reply 1`, `reply 2`, …"""
    made = [f"reply {number}" for number in range(1, 9)]
    return each(
        *(stream(stream_of(provider, [text])) if streamed else json_reply(body_of(provider, text)) for text in made)
    )


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("provider", OTHERS)
def test_a_conversation_goes_on(daemon: Daemon, upstream: Upstream, provider: str, streamed: bool) -> None:
    upstream.script = numbered(provider, streamed)
    first = whole(ask(daemon, provider, streamed, input="one"))
    again = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "two"}]}]
    second = whole(ask(daemon, provider, streamed, input=again, previous_response_id=first["id"]))
    assert second["previous_response_id"] == first["id"]
    whole(ask(daemon, provider, streamed, input="three", previous_response_id=second["id"]))
    model = "model" if provider == "gemini" else "assistant"
    assert turns(upstream.requests[-1]) == [
        ("user", "one"),
        (model, "reply 1"),
        ("user", "two"),
        (model, "reply 2"),
        ("user", "three"),
    ]
    assert "previous_response_id" not in upstream.requests[-1].body.decode()


def test_streams_and_bodies_and_providers_follow_one_another(daemon: Daemon, upstream: Upstream) -> None:
    """What is kept is the client's format: the next turn may go to another provider."""
    upstream.script = stream(stream_of("anthropic", ["from", " one"]))
    first = whole(ask(daemon, "anthropic", True, input="a"))
    upstream.script = json_reply(body_of("gemini", "from two"))
    second = whole(ask(daemon, "gemini", input="b", previous_response_id=first["id"]))
    upstream.script = stream(stream_of("openai", ["from three"]))
    whole(ask(daemon, "openai", True, input="c", previous_response_id=second["id"]))
    assert [text for _, text in turns(upstream.requests[-1])] == ["a", "from one", "b", "from two", "c"]


def test_branches(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    root = whole(ask(daemon, input="root"))["id"]
    left = whole(ask(daemon, input="left", previous_response_id=root))["id"]
    right = whole(ask(daemon, input="right", previous_response_id=root))["id"]
    whole(ask(daemon, input="after left", previous_response_id=left))
    assert [text for _, text in turns(upstream.requests[-1])] == ["root", "reply 1", "left", "reply 2", "after left"]
    whole(ask(daemon, input="after right", previous_response_id=right))
    assert [text for _, text in turns(upstream.requests[-1])] == ["root", "reply 1", "right", "reply 3", "after right"]


def test_instructions_are_not_part_of_the_memory(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one", instructions="speak Latin"))
    whole(ask(daemon, input="two", instructions="speak Greek", previous_response_id=first["id"]))
    assert turns(upstream.requests[-1])[0] == ("system", "speak Greek")
    assert "Latin" not in upstream.requests[-1].body.decode()


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_results_of_tools_find_their_calls(daemon: Daemon, upstream: Upstream, streamed: bool) -> None:
    tool = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}
    call = {"index": 0, "id": "call_7", "type": "function", "function": {"name": "look_up", "arguments": '{"a":1}'}}
    upstream.script = stream([chunk({"role": "assistant", "tool_calls": [call]}), *chat_end("tool_calls")])
    first = whole(ask(daemon, streamed=streamed, input="look it up", tools=[tool]))
    (item,) = first["output"]
    assert (item["type"], item["name"], json.loads(item["arguments"])) == ("function_call", "look_up", {"a": 1})
    upstream.script = json_reply(body_of("openai", "done"))
    result = {"type": "function_call_output", "call_id": item["call_id"], "output": "found"}
    whole(ask(daemon, input=[result], tools=[tool], previous_response_id=first["id"]))
    user, assistant, answer = json.loads(upstream.requests[-1].body)["messages"]
    assert user["role"] == "user"
    assert (answer["role"], answer["content"]) == ("tool", "found")
    assert [call["id"] for call in assistant["tool_calls"]] == [answer["tool_call_id"]]


def test_an_item_may_be_referred_to(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one"))
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}
    question = {"role": "user", "content": "what did you say?"}
    second = whole(ask(daemon, input=[reference, question]))
    assert turns(upstream.requests[-1]) == [("assistant", "reply 1"), ("user", "what did you say?")]
    whole(ask(daemon, input="and then?", previous_response_id=second["id"]))
    assert [text for _, text in turns(upstream.requests[-1])] == [
        "reply 1",
        "what did you say?",
        "reply 2",
        "and then?",
    ]


def test_an_item_outlives_what_it_was_said_in(daemon: Daemon, upstream: Upstream) -> None:
    """A reference is looked up once, when it is used."""
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one"))
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}
    second = whole(ask(daemon, input=[reference, {"role": "user", "content": "two"}]))
    assert stored(daemon, "DELETE", first["id"]).status == 200
    whole(ask(daemon, input="three", previous_response_id=second["id"]))
    assert [text for _, text in turns(upstream.requests[-1])] == ["reply 1", "two", "reply 2", "three"]


REFUSED: dict[str, dict[str, Any]] = {
    "unknown response": {"input": "x", "previous_response_id": "resp_nobody"},
    "unknown item": {"input": [{"type": "item_reference", "id": "msg_nobody"}]},
    "a conversation": {"input": "x", "conversation": "conv_1"},
    "in the background": {"input": "x", "background": True},
    "no text as an id": {"input": "x", "previous_response_id": 7},
    "no items": {"input": ["x", 7]},
    "an object as an id": {"input": "x", "previous_response_id": {"a": 1}},
}


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED)
def test_what_is_not_known_is_refused(
    daemon: Daemon, upstream: Upstream, members: dict[str, Any], streamed: bool
) -> None:
    answer = ask(daemon, streamed=streamed, **members)
    message = RESPONSES.error(answer, 400)
    named = members.get("previous_response_id")
    assert not isinstance(named, str) or named in message
    assert upstream.requests == []


def test_what_is_not_to_be_stored_is_not(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one", store=False))
    assert first["store"] is False
    assert stored(daemon, "GET", first["id"]).status == 404
    assert RESPONSES.error(ask(daemon, input="two", previous_response_id=first["id"]), 400)


@pytest.mark.parametrize("end", ["error", "cut"])
def test_an_answer_that_failed_is_not_remembered(daemon: Daemon, upstream: Upstream, end: str) -> None:
    sent = stream_of("openai", ["half"])[:2]
    upstream.script = stream([*sent, error_event_of("openai", "lost")] if end == "error" else sent)
    answer = ask(daemon, streamed=True, input="one")
    assert RESPONSES.stream_error(answer.body)
    made = events(answer.body)[0].json()["response"]["id"]
    assert stored(daemon, "GET", made).status == 404


def test_an_answer_that_was_cut_by_its_length_is_remembered(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = json_reply(body_of("openai", "half", end="length"))
    first = whole(ask(daemon, input="one"))
    assert first["status"] == "incomplete"
    whole(ask(daemon, input="go on", previous_response_id=first["id"]))
    assert [text for _, text in turns(upstream.requests[-1])] == ["one", "half", "go on"]


# -- what is kept can be asked for


def stored(daemon: Daemon, method: str, id: str, rest: str = "") -> Response:
    return daemon.ask(method, f"/v1/responses/{id}{rest}", [RESPONSES.key("openai")])


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_stored_response_is_what_the_client_got(daemon: Daemon, upstream: Upstream, streamed: bool) -> None:
    upstream.script = numbered("openai", streamed)
    first = whole(ask(daemon, streamed=streamed, input="one"))
    got = stored(daemon, "GET", first["id"])
    assert (got.status, got.json()) == (200, first)
    assert len(upstream.requests) == 1
    gone = stored(daemon, "DELETE", first["id"])
    assert (gone.status, gone.json()) == (200, {"id": first["id"], "object": "response", "deleted": True})
    for method in ("GET", "DELETE"):
        assert first["id"] in RESPONSES.error(stored(daemon, method, first["id"]), 404)
    assert RESPONSES.error(ask(daemon, input="two", previous_response_id=first["id"]), 400)


def test_input_items_of_a_chain(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one"))
    content = [{"type": "input_text", "text": "two"}, {"type": "input_image", "image_url": PICTURE}]
    second = whole(ask(daemon, input=[{"role": "user", "content": content}], previous_response_id=first["id"]))
    listed = stored(daemon, "GET", second["id"], "/input_items").json()
    assert (listed["object"], listed["has_more"]) == ("list", False)
    assert [item["role"] for item in listed["data"]] == ["user", "assistant", "user"]
    assert listed["data"][0]["content"] == content
    assert RESPONSES.error(stored(daemon, "GET", "resp_nobody", "/input_items"), 404)


def test_what_is_kept_needs_the_key_of_a_provider(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = numbered("openai", False)
    first = whole(ask(daemon, input="one"))
    assert daemon.ask("GET", f"/v1/responses/{first['id']}").status == 501


def test_of_the_same_format_the_provider_remembers(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = json_reply({"from": "the provider"})
    got = daemon.ask("GET", "/v1/responses/resp_1/input_items?limit=3", [RESPONSES.key()])
    assert got.json() == {"from": "the provider"}
    body = b'{"model": "m", "input": "x", "previous_response_id": "resp_1"}'
    assert daemon.ask("POST", "/v1/responses", [RESPONSES.key()], body).json() == {"from": "the provider"}
    assert [seen.target for seen in upstream.requests] == [
        b"/v1/responses/resp_1/input_items?limit=3",
        b"/v1/responses",
    ]
    assert upstream.requests[-1].body == body


def test_conversations_at_the_same_time_do_not_mix(daemon: Daemon, upstream: Upstream) -> None:
    """Each of twelve clients leads a conversation of three turns; the provider repeats what it was asked."""

    def script(request: Recorded) -> Any:
        said = "|".join(text for role, text in turns(request) if role == "user")
        return (
            stream(stream_of("openai", [said]))
            if b'"stream":true' in request.body
            else json_reply(body_of("openai", said))
        )(request)

    upstream.script = script
    heard: dict[int, str] = {}

    def lead(number: int) -> None:
        previous: dict[str, Any] = {}
        for turn in range(3):
            answer = whole(ask(daemon, streamed=number % 2 == 0, input=f"{number}.{turn}", **previous))
            previous = {"previous_response_id": answer["id"]}
            heard[number] = answer["output"][0]["content"][0]["text"]

    threads = [threading.Thread(target=lead, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert heard == {number: f"{number}.0|{number}.1|{number}.2" for number in range(12)}
