"""Which model answered, by all that is made of it: the record, the summary, sums, comparisons, conversations."""

from __future__ import annotations

import orjson
import pytest

from ccproxy.exchange import Attempt, Exchange, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.diff.requests import diff_messages
from ccproxy.flows.har.entries import entries
from ccproxy.flows.har.facts import add_facts
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.mflow.writing import to_flow
from ccproxy.flows.record.record import Record, from_record, to_record
from ccproxy.flows.selection import Selection
from ccproxy.flows.summary import summarize
from ccproxy.flows.usage.cost import cost_of
from ccproxy.flows.usage.spending import spent
from ccproxy.lightllm.gemini.envelope import Ids, wrap_call, wrap_count

IDS = Ids("session", "prompt", "project")
CALL = {
    "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "generationConfig": {"temperature": 0.5},
}
ANSWER = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100},
    "modelVersion": "models/gemini-2.5-flash",
}
WRAPPED = {"traceId": "t", "response": ANSWER}


def event(document: object) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\r\n\r\n"


def exchange(answer: bytes, status: int = 200, **more: str) -> Exchange:
    """A call of an unwrapped client that Code Assist answered."""
    path = b"/v1beta/models/gemini-2.5-pro:generateContent"
    ex = Exchange(HttpRequest("POST", path, [], orjson.dumps(CALL)), format=WireFormat.GEMINI, **more)
    ex.route = Route("redirect", "g", WireFormat.GEMINI, Origin("https", "cloudcode-pa.googleapis.com", 443), "")
    wrapped = orjson.dumps(wrap_call(CALL, "gemini-2.5-pro", IDS))
    ex.forwarded = HttpRequest("POST", b"/v1internal:generateContent", [], wrapped)
    ex.provider_response = HttpResponse(status, [], chunks=[answer], complete=True)
    ex.response = HttpResponse(status, [], chunks=[orjson.dumps(ANSWER)], complete=True)
    return ex


def walked() -> Exchange:
    """One that another model answered than was asked for."""
    ex = exchange(orjson.dumps(WRAPPED | {"response": ANSWER | {"modelVersion": "gemini-2.5-flash-002"}}))
    ex.answered_model = "gemini-2.5-flash"
    ex.attempts = [Attempt(status=429, note="out of capacity"), Attempt(status=200)]
    return ex


@pytest.mark.parametrize(
    "answer",
    [
        orjson.dumps(WRAPPED),
        orjson.dumps(ANSWER),
        event(WRAPPED | {"response": {"modelVersion": "gemini-2.5-pro", "candidates": []}}) + event(WRAPPED),
        b"[" + orjson.dumps(ANSWER) + b"\n,\n{}]",
    ],
    ids=["wrapped", "bare", "events", "array"],
)
def test_a_gemini_answer_tells_its_model_and_its_tokens_count_once(answer: bytes) -> None:
    flow = summarize(exchange(answer))
    assert (flow["model"], flow["dest_model"]) == ("gemini-2.5-pro", "gemini-2.5-pro")
    assert flow["answered_model"] == "gemini-2.5-flash"
    assert (flow["usage"]["input_tokens"], flow["usage"]["output_tokens"]) == (1000, 100)
    cost = cost_of(flow)
    assert cost is not None
    assert (cost["model"], cost["usd"]) == ("gemini-2.5-flash", "0.00055")  # $0.30 in, $2.50 out


@pytest.mark.parametrize("answer", [b"", b"[", b"data: [DONE]\n\n", orjson.dumps([1]), orjson.dumps({"response": 1})])
def test_what_tells_no_model_tells_none(answer: bytes) -> None:
    assert summarize(exchange(answer))["answered_model"] is None
    assert summarize(exchange(orjson.dumps(WRAPPED), 429))["answered_model"] is None


def test_what_the_transport_says_comes_first_and_is_summed_up_by() -> None:
    flow = summarize(walked())
    assert flow["answered_model"] == "gemini-2.5-flash"
    groups, _ = spent([flow, summarize(exchange(b"{}", 429))], ["model"])
    assert {key: each.requests for key, each in groups.items()} == {("gemini-2.5-flash",): 1, ("gemini-2.5-pro",): 1}
    assert all(Selection(model=name).matches(flow) for name in ("flash", "pro"))


def test_a_model_without_a_price_has_that_of_the_one_that_was_sent() -> None:
    flow = summarize(exchange(orjson.dumps(WRAPPED | {"response": ANSWER | {"modelVersion": "gemini-of-tomorrow"}})))
    assert flow["answered_model"] == "gemini-of-tomorrow"
    assert (cost_of(flow) or {})["model"] == "gemini-2.5-pro"


def test_it_is_kept_and_older_records_have_none() -> None:
    record = to_record(walked())
    assert from_record(record).answered_model == "gemini-2.5-flash"
    older = {name: fact for name, fact in record.facts.items() if name != "answered_model"}
    assert from_record(Record(older, record.bodies)).answered_model is None


def test_where_tokens_are_counted_the_envelope_names_the_model() -> None:
    ex = exchange(b"{}")
    counting = orjson.dumps(wrap_count(CALL, "gemini-2.5-pro"))
    ex.forwarded = HttpRequest("POST", b"/v1internal:countTokens", [], counting)
    assert summarize(ex)["dest_model"] == "gemini-2.5-pro"


def test_an_envelope_adds_parameters_and_changes_none() -> None:
    ex = exchange(b"{}")
    assert ex.forwarded is not None
    found = diff_messages(ex.request, ex.forwarded, WireFormat.GEMINI, WireFormat.GEMINI)
    assert [(change.how, change.name) for change in found.changes] == [
        ("added", "model"), ("added", "project"), ("added", "user_prompt_id"), ("added", "session_id"),
    ]  # fmt: skip
    assert sum(found.same.values()) == 3


def test_a_stream_is_in_the_path_of_code_assist_too() -> None:
    said = {"model": "gemini-2.5-pro", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    asked = HttpRequest("POST", b"/v1/messages", [], orjson.dumps(said))
    wrapped = orjson.dumps(wrap_call({"contents": CALL["contents"]}, "gemini-2.5-pro", IDS))
    sent = HttpRequest("POST", b"/v1internal:streamGenerateContent?alt=sse", [], wrapped)
    rows = diff_messages(asked, sent, WireFormat.ANTHROPIC, WireFormat.GEMINI).rows
    assert {(row.how, row.old, row.new) for row in rows if row.what == "parameter" and row.old} == {
        ("same", "model", "model"), ("same", "stream", "stream in the path"),
    }  # fmt: skip


def test_wrapped_and_bare_turns_are_of_one_conversation() -> None:
    first, second = (exchange(orjson.dumps(WRAPPED), conversation="c") for _ in range(2))
    more = [{"role": "model", "parts": [{"text": "hi"}]}, {"role": "user", "parts": [{"text": "and now?"}]}]
    longer = CALL | {"contents": [*CALL["contents"], *more]}
    second.request.body = orjson.dumps(wrap_call(longer, "gemini-2.5-pro", IDS))
    lineage = Lineage()
    root, turn = lineage.place(first), lineage.place(second)
    assert root is not None
    assert turn is not None
    assert (turn.kind, turn.parent, turn.root, turn.agent) == ("turn", first.id, first.id, root.agent)


def test_files_tell_it() -> None:
    ex = walked()
    provider, client = entries(ex)
    add_facts(ex, provider, client)
    assert provider["_ccproxy"]["answered_model"] == "gemini-2.5-flash"
    assert to_flow(ex).metadata["ccproxy.answered_model"] == "gemini-2.5-flash"
