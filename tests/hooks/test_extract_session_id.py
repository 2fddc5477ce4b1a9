"""`extract_session_id`: the session a client tells of, and ids that are the same for every turn (core.md, 4.8)."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy import Trial, try_hook
from ccproxy.exchange import WireFormat
from ccproxy.hooks.extract_session_id import extract_session_id
from tests.support.conversations import TELLERS, Conversation, conversations
from tests.support.disorder import FORMATS, bent, documents, nested, to_json

quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
formats = st.sampled_from(FORMATS)
UUID = "1c8a2c3e-5f0e-4d8f-9c59-3f1f6d1f9d10"
CALLS: dict[WireFormat, dict[str, Any]] = {
    WireFormat.ANTHROPIC: {"messages": [{"role": "user", "content": "hé"}]},
    WireFormat.OPENAI: {"messages": [{"role": "user", "content": "hé"}]},
    WireFormat.OPENAI_RESPONSES: {"input": "hé"},
    WireFormat.GEMINI: {"contents": [{"parts": [{"text": "hé"}]}]},
}


def tried(format: WireFormat, body: Any, **headers: str) -> Trial:
    """What the hook makes of a request. It changes none."""
    raw = body if isinstance(body, bytes) else to_json(body)
    trial = try_hook(
        extract_session_id, raw, format=format, headers={n.replace("-", "_"): v for n, v in headers.items()}
    )
    assert (trial.body, trial.error, trial.undeclared) == (raw, None, ())
    return trial


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


# -- sessions

OF_USER_IDS = [
    (f"user_{'0a' * 32}_account_{UUID}_session_{UUID}", UUID),
    (f"user_0a_account__session_{UUID}", UUID),
    (json.dumps({"device_id": "d", "account_uuid": "", "session_id": UUID}), UUID),
    ('{"session_id": "a_session_b"}', "a_session_b"),
    ("user_0a_session_a_session_b", None),
    ("user_0a_session_", None),
    ("user_0a", None),
    ("{", None),
    ('{"session_id": 7}', None),
    ('{"session_id": ""}', None),
    ("{}", None),
    ('{"a": "_session_x"}', None),
    ("", None),
    (7, None),
    (None, None),
    (["a_session_b"], None),
    ({"session_id": UUID}, None),
]


@pytest.mark.parametrize(("user_id", "session"), OF_USER_IDS, ids=[str(said)[:40] for said, _ in OF_USER_IDS])
def test_the_session_in_a_user_id(user_id: Any, session: str | None) -> None:
    trial = tried(WireFormat.ANTHROPIC, {"metadata": {"user_id": user_id}})
    assert trial.exchange.session == session


IN_THEIR_FORMATS = [
    (WireFormat.ANTHROPIC, {"metadata": {"session_id": "s"}}, {}),
    (WireFormat.ANTHROPIC, {"metadata": {"user_id": "somebody", "session_id": "s"}}, {}),
    (WireFormat.ANTHROPIC, {"metadata": {"user_id": "u_session_s", "session_id": "t"}}, {}),
    (WireFormat.OPENAI, {"metadata": {"session_id": "s"}}, {}),
    (WireFormat.OPENAI, {"prompt_cache_key": "s"}, {}),
    (WireFormat.OPENAI_RESPONSES, {"prompt_cache_key": "t"}, {"session_id": "s"}),
    (WireFormat.OPENAI_RESPONSES, {"prompt_cache_key": "s"}, {}),
    (WireFormat.OPENAI_RESPONSES, {"metadata": {"session_id": "s"}}, {}),
    (WireFormat.GEMINI, {"model": "m", "request": {"session_id": "s", "contents": []}}, {}),
]


@pytest.mark.parametrize(("format", "members", "headers"), IN_THEIR_FORMATS)
def test_the_session_where_a_client_of_the_format_tells_it(
    format: WireFormat, members: dict[str, Any], headers: dict[str, str]
) -> None:
    envelope = "request" in members
    trial = tried(format, members if envelope else CALLS[format] | members, **headers)
    assert trial.exchange.session == "s"
    assert trial.result.wrote[0] == "exchange.session"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("metadata", [None, [], "x", 7, {}, {"user_id": None}])
def test_clients_that_tell_none(format: WireFormat, metadata: Any) -> None:
    assert tried(format, CALLS[format] | {"metadata": metadata}).exchange.session is None
    assert tried(format, CALLS[format]).exchange.session is None


# -- conversations


@settings(quick, max_examples=60)
@given(formats, conversations())
def test_a_conversation_is_known_by_its_first_words(format: WireFormat, talk: Conversation) -> None:
    opening = (talk.turns[0].said if talk.turns else talk.last)[0]
    assert tried(format, TELLERS[format](talk)).exchange.conversation == hashed(opening)


@settings(quick, max_examples=60)
@given(formats, conversations())
def test_every_turn_of_it_has_the_same_ids(format: WireFormat, talk: Conversation) -> None:
    grown = [replace(talk, turns=talk.turns[:at], last=turn.said) for at, turn in enumerate(talk.turns)]
    found = [tried(format, TELLERS[format](each)).exchange for each in (*grown, talk)]
    assert len({(each.conversation, each.system_hash, each.session) for each in found}) == 1


@settings(quick, max_examples=60)
@given(formats, conversations(), st.text(min_size=1), st.text(min_size=1))
def test_other_words_make_another(format: WireFormat, talk: Conversation, one: str, other: str) -> None:
    def id_of(words: str) -> str | None:
        turns = [replace(turn, said=[words, *turn.said]) for turn in talk.turns]
        return tried(format, TELLERS[format](replace(talk, turns=turns, last=[words]))).exchange.conversation

    assert (id_of(one) == id_of(other)) is (one == other)


TURNS: dict[str, tuple[WireFormat, list[dict[str, Any]]]] = {
    "a text that becomes parts": (
        WireFormat.ANTHROPIC,
        [
            {"messages": [{"role": "user", "content": "hi"}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {}}]}]},
        ],
    ),
    "an image first": (
        WireFormat.ANTHROPIC,
        [{"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "hi"}]}]}],
    ),
    "many images first": (
        WireFormat.ANTHROPIC,
        [{"messages": [{"role": "user", "content": [*[{"type": "image"}] * 30, {"type": "text", "text": "hi"}]}]}],
    ),
    "instructions first": (
        WireFormat.OPENAI,
        [
            {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "hi"}]},
            {"messages": [{"role": "developer", "content": "b"}, {"role": "user", "content": "hi"}, {"role": "tool"}]},
        ],
    ),
    "an input that becomes a list": (
        WireFormat.OPENAI_RESPONSES,
        [
            {"input": "hi"},
            {"input": [{"role": "user", "content": "hi"}]},
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}, {"role": "assistant"}]},
        ],
    ),
    "items of no role first": (
        WireFormat.OPENAI_RESPONSES,
        [
            {"input": [{"type": "item_reference", "id": "x"}, {"role": "user", "content": "hi"}]},
            {
                "input": [
                    {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
                    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "x"}]},
                    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
                ]
            },
        ],
    ),
    "no roles at all": (
        WireFormat.GEMINI,
        [
            {"contents": [{"parts": [{"text": "hi"}]}]},
            {"contents": [{"role": "user", "parts": [{"inlineData": {}}, {"text": "hi"}]}, {"role": "model"}]},
            {"model": "m", "request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}},
        ],
    ),
}


@pytest.mark.parametrize("case", TURNS)
def test_ways_to_say_the_same(case: str) -> None:
    format, bodies = TURNS[case]
    assert {tried(format, body).exchange.conversation for body in bodies} == {hashed("hi")}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


WITHOUT_WORDS: list[tuple[WireFormat, dict[str, Any]]] = [
    (WireFormat.ANTHROPIC, {"messages": [user("")]}),
    (WireFormat.OPENAI, {"messages": [user([])]}),
    (WireFormat.OPENAI, {"messages": [user(None)]}),
    (WireFormat.OPENAI_RESPONSES, {"input": [user([{"type": "input_image"}])]}),
    (WireFormat.GEMINI, {"contents": [{"parts": [{"text": ""}, {"text": 3}]}]}),
]


@pytest.mark.parametrize(("format", "body"), WITHOUT_WORDS)
def test_one_that_begins_without_words_is_one_of_its_own(format: WireFormat, body: dict[str, Any]) -> None:
    exchange = tried(format, body).exchange
    assert exchange.conversation == hashed(f"flow:{exchange.id}")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("said", [None, [], {}, 7, [None], ["hi"], [[]]])
def test_where_there_are_no_messages_there_is_no_conversation(format: WireFormat, said: Any) -> None:
    (name,) = CALLS[format]
    assert tried(format, {name: said}).exchange.conversation is None


# -- system prompts

SYSTEMS: list[tuple[WireFormat, dict[str, Any], Any]] = [
    (WireFormat.ANTHROPIC, {"system": "Sei kürzer."}, "Sei kürzer."),
    (WireFormat.ANTHROPIC, {"system": [{"type": "text", "text": "a"}]}, [{"text": "a", "type": "text"}]),
    (WireFormat.OPENAI, {"messages": [{"role": "system", "content": "a"}, user("hi")]}, "a"),
    (WireFormat.OPENAI, {"messages": [{"role": "developer", "content": [{"text": "a"}]}]}, [{"text": "a"}]),
    (WireFormat.OPENAI_RESPONSES, {"instructions": "a", "input": "hi"}, "a"),
    (WireFormat.OPENAI_RESPONSES, {"input": [{"role": "system", "content": "a"}, user("hi")]}, "a"),
    (WireFormat.GEMINI, {"systemInstruction": {"role": "x", "parts": [{"text": "a"}]}}, None),
    (WireFormat.GEMINI, {"system_instruction": {"parts": [{"text": "a"}]}}, None),
    (WireFormat.GEMINI, {"request": {"contents": [], "systemInstruction": {"parts": []}}}, {"parts": []}),
]


@pytest.mark.parametrize(("format", "body", "system"), SYSTEMS)
def test_a_system_prompt_has_a_hash(format: WireFormat, body: dict[str, Any], system: Any) -> None:
    wanted = next(iter(body.values())) if system is None else system
    canonical = json.dumps(wanted, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert tried(format, body).exchange.system_hash == hashed(canonical)


@pytest.mark.parametrize("format", FORMATS)
def test_none_where_there_is_no_system_prompt(format: WireFormat) -> None:
    for body in (CALLS[format], CALLS[format] | {"system": None, "instructions": None, "systemInstruction": None}):
        assert tried(format, body).exchange.system_hash is None


def test_the_order_of_members_does_not_matter() -> None:
    one, other = (
        [{"type": "text", "text": "a", "x": {"b": 1, "a": 2}}],
        [{"x": {"a": 2, "b": 1}, "text": "a", "type": "text"}],
    )
    found = {tried(WireFormat.ANTHROPIC, {"system": system}).exchange.system_hash for system in (one, other)}
    assert len(found) == 1
    assert tried(WireFormat.ANTHROPIC, {"system": [*one, *one]}).exchange.system_hash not in found


# -- anything


@settings(quick, max_examples=150)
@given(
    formats, st.one_of(documents.map(to_json), st.binary(max_size=30)), st.sampled_from(["", "s", "é", "a_session_b"])
)
def test_nothing_makes_it_fail(format: WireFormat, body: bytes, header: str) -> None:
    check_strings(tried(format, body, session_id=header))


@settings(quick, max_examples=150)
@given(formats, st.data())
def test_nor_what_is_nearly_right(format: WireFormat, data: st.DataObject) -> None:
    body = TELLERS[format](data.draw(conversations())) | {
        "metadata": {"user_id": '{"session_id": "s"}', "session_id": "t"},
        "prompt_cache_key": "k",
        "request": {"session_id": "r", "contents": [{"parts": [{"text": "x"}]}]},
    }
    check_strings(tried(format, data.draw(bent(body))))


@pytest.mark.parametrize("depth", [200, 300, 900])
@pytest.mark.parametrize(
    "name", ["system", "instructions", "systemInstruction", "messages", "input", "contents", "metadata"]
)
@pytest.mark.parametrize("format", FORMATS)
def test_nor_what_is_deep(format: WireFormat, name: str, depth: int) -> None:
    for kind in (list, dict):
        check_strings(tried(format, CALLS[format] | {name: nested(depth, kind)}))


def check_strings(trial: Trial) -> None:
    """Asserts that what was found out, if anything was, says something."""
    assert trial.result.outcome in ("ran", "skipped"), trial.result
    found = trial.exchange
    assert all(value is None or (isinstance(value, str) and value) for value in (found.session, found.conversation))
    assert found.system_hash is None or len(found.system_hash) == 12


@pytest.mark.parametrize("body", [b"", b"a=1", b'{"messages": [', b"\xff"])
def test_what_is_no_json_is_passed_over(body: bytes) -> None:
    trial = tried(WireFormat.ANTHROPIC, body)
    assert trial.result.outcome == "skipped"
    assert "not valid JSON" in trial.result.reason


def test_what_is_of_no_format_is_not_looked_at() -> None:
    trial = try_hook(extract_session_id, b'{"metadata": {"session_id": "s"}}')
    assert (trial.result.outcome, trial.result.reason, trial.exchange.session) == ("skipped", "guard", None)
