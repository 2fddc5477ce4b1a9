"""Whatever a client sends, it is translated, or refused with a word about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity import query
from ccproxy.lightllm.perplexity.own_fields import CHECKS
from ccproxy.lightllm.perplexity.request import dump, load
from tests.lightllm.perplexity.asking import MODEL, asked, chat, image, user
from tests.support.conversations import TELLERS, Conversation, conversations
from tests.support.disorder import bent, documents

OWN = {
    "sources": ["web"],
    "search_recency_filter": "DAY",
    "coordinates": {"latitude": 1, "longitude": 2},
    "mentions": [{"id": 1}],
    "attachments": ["a"],
    "space_uuid": "s",
    "last_backend_uuid": "b",
}


@given(own=st.dictionaries(st.sampled_from([*CHECKS, "new"]), documents, max_size=3) | documents | bent(OWN))
def test_any_own_field(own: Any) -> None:
    with suppress(InvalidCall):
        payload, _ = asked(chat(user("hi"), pplx=own))
        assert orjson.loads(orjson.dumps(payload)) == payload


@given(document=documents, client=st.sampled_from(CLIENT_FORMATS))
def test_any_request(document: Any, client: WireFormat) -> None:
    with suppress(InvalidCall):
        asked({"model": "perplexity/best", "body": document} if not isinstance(document, dict) else document, client)


@given(document=bent(chat(user([{"type": "text", "text": "a"}, image()]), user("b"))))
def test_words_and_files_are_told_of_what_can_be_read(document: Any) -> None:
    with suppress(InvalidCall):
        _, call = asked(document)
        assert call.drops.counts.get("media", 0) >= len(query.files(call))
        assert len(query.former(call)) < max(1, len(query.turns(call)))


@given(document=documents | bent(asked(chat(user("hi")))[0]))
def test_any_payload(document: Any) -> None:
    with suppress(InvalidCall):
        assert dump(load(document, None, None)) == document


@given(talk=conversations(), client=st.sampled_from(CLIENT_FORMATS))
def test_all_that_was_said_is_asked_in_order(talk: Conversation, client: WireFormat) -> None:
    payload, call = asked({**TELLERS[client](talk), "model": MODEL}, client)
    text, place = payload["query_str"], 0
    for words in [*(word for turn in talk.turns for word in (*turn.said, turn.answer) if word), *talk.last]:
        place = text.index(words, place)
    for each in [called for turn in talk.turns for called in turn.calls]:
        assert f"[Call of {each.name}]: " in text
        assert f" of {each.name}]: {each.result}" in text
    assert len(query.files(call)) == sum(turn.image for turn in talk.turns) == call.drops.counts.get("media", 0)


@given(talk=conversations())
def test_a_conversation_is_the_same_to_whichever_client_has_it(talk: Conversation) -> None:
    """But for calls of tools, whose arguments some formats have as text."""
    plain = replace(talk, turns=[replace(turn, calls=[], answer=turn.answer or "Yes.") for turn in talk.turns])
    calls = [asked({**TELLERS[client](plain), "model": MODEL}, client)[1] for client in CLIENT_FORMATS]
    first, *others = [(query.former(call), query.question(call)) for call in calls]
    assert all(other == first for other in others)
