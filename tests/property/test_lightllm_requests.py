"""Requests: any JSON is translated or refused; what is legal in one format is so in every other afterwards."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.drops import RULES
from ccproxy.lightllm.translate import translate_request
from tests.support.conversations import PNG, TELLERS, Conversation, conversations
from tests.support.disorder import FORMATS, bent, documents, to_json
from tests.support.examples import examples
from tests.support.promises import check_request
from tests.support.sdk_requests import calls, request_faults, results

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from(FORMATS)


@settings(quick, max_examples=100)
@given(formats, documents)
def test_any_json(client: WireFormat, document: Any) -> None:
    check_request(client, to_json(document))


@settings(quick, max_examples=examples(250))
@given(formats, conversations(), st.data())
def test_requests_nearly_right(client: WireFormat, talk: Conversation, draw: st.DataObject) -> None:
    check_request(client, to_json(draw.draw(bent(TELLERS[client](talk)))))


@settings(quick, max_examples=100)
@given(formats, conversations())
def test_legal_requests_become_legal_requests(client: WireFormat, talk: Conversation) -> None:
    document = TELLERS[client](talk)
    for provider in FORMATS:
        body, drops = translate_request(json.loads(json.dumps(document)), client, provider, "m-1", False)
        told = json.loads(json.dumps(body))
        faults = request_faults(provider, told)
        assert faults == [], (provider, faults, told)
        assert {rule.partition(".")[0] for rule in drops.counts} <= RULES.keys()
        check_content(provider, talk, told)


def check_content(provider: WireFormat, talk: Conversation, told: dict[str, Any]) -> None:
    """All that was said is there, in order, and every call with its own result."""
    made = [call for turn in talk.turns for call in turn.calls]
    assert [name for _, name in calls(provider, told)] == [call.name for call in made]
    by_id = {id: json.dumps(content) for id, content in results(provider, told)}
    for (id, _), call in zip(calls(provider, told), made, strict=True):
        assert json.dumps(call.result)[1:-1] in by_id[id]
    text = json.dumps(told)
    place = 0
    for words in [*(word for turn in talk.turns for word in (*turn.said, turn.answer) if word), *talk.last]:
        place = text.index(json.dumps(words)[1:-1], place)
    assert text.count(PNG) == sum(turn.image for turn in talk.turns)
