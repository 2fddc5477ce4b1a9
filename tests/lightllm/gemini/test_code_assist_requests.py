"""Requests in Code Assist's envelope: for every provider they are what is in them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.convert import convert
from ccproxy.lightllm.counting import count_document, counting_body, read_count, write_count
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.envelope import Ids, counted_call, is_wrapped, left_out, wrap_call, wrap_count
from ccproxy.lightllm.gemini.request import load
from ccproxy.lightllm.translate import translate_request
from tests.lightllm.gemini.test_request_round_trip import CONTENTS, REST

OWN = WireFormat.GEMINI
HI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
IDS = Ids("s-1", "u-1", "p-1")
CASES: dict[str, dict[str, Any]] = {
    **{name: {"contents": contents} for name, contents in CONTENTS.items()},
    **{name: HI | members for name, members in REST.items()},
    "snake case": {
        "contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "aGk="}}]}],
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "generation_config": {"max_output_tokens": 9, "thinking_config": {"include_thoughts": True}},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
    },
}


@pytest.mark.parametrize("target", CLIENT_FORMATS)
@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
def test_a_call_in_its_envelope_is_the_plain_call(body: dict[str, Any], target: WireFormat) -> None:
    """Nothing of the envelope reaches another provider, not even one that speaks Gemini."""
    wrapped = wrap_call(body, "models/gemini-3-pro-preview", IDS)
    before = copy.deepcopy(wrapped)
    expected, drops = translate_request(body, OWN, target, "gemini-3-pro-preview", True)
    found, more = translate_request(wrapped, OWN, target, None, True)
    assert without_ids(found) == without_ids(expected)
    assert more.counts == drops.counts | {"field.session_id": 1}
    assert not {"s-1", "u-1", "p-1"} & set(json.dumps(found).split('"'))
    assert wrapped == before


def without_ids(body: Any) -> Any:
    """A body without the ids that are made up for calls that have none."""
    if isinstance(body, dict):
        return {name: without_ids(value) for name, value in body.items() if name not in IDS_OF_CALLS}
    return [without_ids(one) for one in body] if isinstance(body, list) else body


IDS_OF_CALLS = {"id", "call_id", "tool_call_id", "tool_use_id"}


@pytest.mark.parametrize(
    ("outer", "path", "model"),
    [
        ({"model": "gemini-a"}, None, "gemini-a"),
        ({"model": "models/gemini-a"}, None, "gemini-a"),
        ({"model": "gemini-a"}, "gemini-b", "gemini-b"),
        ({"request": HI | {"model": "models/gemini-c"}}, None, "gemini-c"),
        ({}, None, ""),
    ],
)
def test_the_model_of_an_envelope(outer: dict[str, Any], path: str | None, model: str) -> None:
    assert load({"request": HI, **outer}, path, None).model == model


@pytest.mark.parametrize("document", [{"request": {}, **HI}, {"request": "x", **HI}])
def test_what_is_no_envelope(document: dict[str, Any]) -> None:
    assert not is_wrapped(document)
    assert load(document, "m", None).extras == {"request": document["request"]}


def test_an_envelope_around_nothing_is_refused_like_nothing() -> None:
    for target in set(CLIENT_FORMATS) - {OWN}:
        with pytest.raises(InvalidCall):
            translate_request({"model": "m", "request": {"contents": 3}}, OWN, target, None, False)


WHOLE = {"model": "models/m-1", **HI, "systemInstruction": {"parts": [{"text": "Be brief."}]}}
COUNTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a call": (HI, HI),
    "a whole call": ({"generateContentRequest": WHOLE}, WHOLE),
    "a whole call in snake case": ({"generate_content_request": WHOLE}, WHOLE),
    "both": ({**HI, "generateContentRequest": WHOLE}, WHOLE),
    "nothing of the kind": ({**HI, "generateContentRequest": 3}, {**HI, "generateContentRequest": 3}),
    "Code Assist's": ({"request": {"model": "models/m-1", **HI}}, {"model": "models/m-1", **HI}),
    "a call in its envelope": ({"model": "m-1", "project": "p", "request": WHOLE}, WHOLE),
    "a whole call in an envelope": ({"request": {"generate_content_request": WHOLE}}, WHOLE),
    "an empty envelope": ({"request": {}}, {}),
}


@pytest.mark.parametrize(("document", "asked"), COUNTED.values(), ids=COUNTED)
def test_what_is_to_be_counted(document: dict[str, Any], asked: dict[str, Any]) -> None:
    assert count_document(OWN, document) == asked
    other = {"request": {"x": 1}, "generateContentRequest": {}}
    assert all(count_document(format, other) is other for format in CLIENT_FORMATS if format is not OWN)


@pytest.mark.parametrize("target", CLIENT_FORMATS)
def test_a_count_crosses(target: WireFormat) -> None:
    """What a client of Code Assist wants counted, as a call of the provider's; and the count, which is bare."""
    plain, _ = translate_request(WHOLE, OWN, target, "m-1", False)
    found, _ = translate_request(count_document(OWN, {"model": "m-1", "request": WHOLE}), OWN, target, "m-1", False)
    assert counting_body(target, found, "m-1") == counting_body(target, plain, "m-1")
    assert read_count(OWN, write_count(OWN, 7)) == 7


def test_what_is_counted_in_an_envelope() -> None:
    assert wrap_count(WHOLE, "m-1") == {"request": {"model": "models/m-1", **HI}}
    assert wrap_count({"generate_content_request": WHOLE}, "models/m-1") == wrap_count(HI, "m-1")
    assert counted_call(wrap_count(WHOLE, "m-1")["request"]) == {"model": "models/m-1", **HI}
    assert left_out(WHOLE, counts=True) == ["systemInstruction"]
    assert left_out({"generateContentRequest": {**WHOLE, "tools": []}}, counts=True) == ["systemInstruction"]


def test_an_envelope_holds_the_call_and_who_asks() -> None:
    given = {**WHOLE, "metadata": {"a": "b"}}
    call = {name: value for name, value in WHOLE.items() if name != "model"} | {"session_id": "s-1"}
    outer = {"model": "m-2", "user_prompt_id": "u-1"}
    assert wrap_call(given, "models/m-2", IDS) == {**outer, "project": "p-1", "request": call}
    assert wrap_call(given, "m-2", Ids("s-1", "u-1")) == {**outer, "request": call}
    assert left_out(given, counts=False) == ["metadata"]
    assert is_wrapped(wrap_call(given, "m-2", IDS))
    assert is_wrapped(wrap_count(given, "m-2"))


def test_the_filter_knows_an_envelope() -> None:
    """`ccproxy lightllm convert`."""
    wrapped = json.dumps(wrap_call(HI, "m-1", IDS)).encode()
    converted = convert(wrapped, OWN, WireFormat.OPENAI, None, None)
    assert converted.kind == "request"
    assert json.loads(converted.data) == {"model": "m-1", "messages": [{"role": "user", "content": "Hi"}]}
