from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import (
    CLIENT_FORMATS,
    Attempt,
    Exchange,
    Failure,
    HookResult,
    HttpRequest,
    HttpResponse,
    Message,
    Origin,
    Process,
    RawRecord,
    Route,
    Timings,
    WebSocketRecord,
)  # fmt: skip
from ccproxy.flows.record.parts import Bodies
from ccproxy.flows.record.record import Record, RecordError, from_record, to_record, without_bodies
from ccproxy.flows.summary import summarize

TEXT = st.text(max_size=12)
BODY = st.sampled_from([b"", b"one", b"two" * 9]) | st.binary(max_size=20)
TIME = st.floats(0, 2e9, allow_nan=False)
SOME_TIME = st.none() | TIME
COUNT = st.integers(0, 2**40)
HEADERS = st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=3)
ORIGINS = st.builds(Origin, TEXT, TEXT, st.integers(0, 65535))
REQUESTS = st.builds(HttpRequest, TEXT, st.binary(max_size=20), HEADERS, BODY, st.sampled_from(["1.1", "2"]), COUNT)
RESPONSES = st.builds(
    HttpResponse, st.integers(100, 599), HEADERS, st.binary(max_size=8), st.lists(BODY, max_size=3), st.just("2"),
    st.booleans(), COUNT, HEADERS,
)  # fmt: skip
MESSAGES = st.lists(st.builds(Message, st.booleans(), BODY, TIME, st.booleans()), max_size=3)
FRAMES = st.lists(BODY, max_size=3)
SOCKETS = st.builds(
    WebSocketRecord, FRAMES, FRAMES, COUNT, MESSAGES, st.none() | st.integers(1000, 4999), st.none() | st.booleans()
)
RAWS = st.builds(RawRecord, MESSAGES, COUNT, COUNT, COUNT, TEXT, st.lists(TEXT, max_size=2).map(tuple))
FAILURES = st.none() | st.builds(Failure, TEXT, TEXT)
INTERIM = st.lists(st.tuples(st.integers(100, 199), HEADERS), max_size=2)
ATTEMPTS = st.builds(
    Attempt, TIME, SOME_TIME, st.none() | st.integers(100, 599), FAILURES, st.booleans(), TEXT, INTERIM, HEADERS, BODY
)
HOOKS = st.builds(
    HookResult, TEXT, st.sampled_from(["inbound", "outbound", "response"]),
    st.sampled_from(["ran", "skipped", "failed"]), TEXT, TIME, st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip
FORMATS = st.none() | st.sampled_from(CLIENT_FORMATS)
ACTIONS = st.sampled_from(["redirect", "passthrough", "transform", "local"])


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    response = draw(st.none() | RESPONSES)
    return Exchange(
        draw(REQUESTS),
        draw(st.sampled_from(["reverse", "jail"])),
        draw(st.none() | st.tuples(TEXT, st.integers(0, 65535))),
        format=draw(FORMATS),
        route=draw(st.none() | st.builds(Route, ACTIONS, st.none() | TEXT, FORMATS, st.none() | ORIGINS, TEXT)),
        forwarded=draw(st.none() | REQUESTS),
        credential_headers=draw(st.frozensets(TEXT, max_size=2)),
        provider_response=draw(st.just(response) | RESPONSES),
        response=response,
        websocket=draw(st.none() | SOCKETS),
        failure=draw(FAILURES),
        dropped=draw(st.dictionaries(TEXT, COUNT, max_size=2)),
        model=draw(st.none() | TEXT),
        answered_model=draw(st.none() | TEXT),
        session=draw(st.none() | TEXT),
        tags=draw(st.dictionaries(TEXT, TEXT, max_size=2)),
        process=draw(st.none() | st.builds(Process, st.lists(TEXT, max_size=2).map(tuple), st.integers(1, 9999))),
        protocol=draw(st.sampled_from(["http", "dns", "tcp", "udp"])),
        destination=draw(st.none() | ORIGINS),
        raw=draw(st.none() | RAWS),
        hooks=draw(st.lists(HOOKS, max_size=2)),
        timings=draw(st.builds(Timings, TIME, SOME_TIME, SOME_TIME, SOME_TIME, SOME_TIME, SOME_TIME)),
        attempts=draw(st.lists(ATTEMPTS, max_size=2)),
        client_tls=draw(st.none() | st.just({"ja4": "t13d", "extensions": [1, 2]})),
    )


def in_one_piece(ex: Exchange) -> Exchange:
    """The same, each body of an answer in one chunk."""
    for response in (ex.response, ex.provider_response):
        if response is not None:
            response.chunks = [response.body] if response.body else []
    return ex


def on_the_wire(record: Record) -> Record:
    return Record(orjson.loads(orjson.dumps(record.facts)), record.bodies)


MANY = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)


@MANY
@given(exchanges())
def test_an_exchange_comes_back_as_it_was(ex: Exchange) -> None:
    record = to_record(ex)
    found = from_record(on_the_wire(record))
    assert found == in_one_piece(copy.deepcopy(ex))
    assert (found.response is found.provider_response) == (ex.response is ex.provider_response)
    assert len(set(record.bodies)) == len(record.bodies)


@MANY
@given(exchanges())
def test_without_bodies_each_message_has_its_size(ex: Exchange) -> None:
    record = without_bodies(to_record(ex))
    assert record.bodies == ()
    found = from_record(on_the_wire(record))
    for bare, whole in ((found.request, ex.request), (found.forwarded, ex.forwarded), (found.response, ex.response)):
        assert (bare and bare.size) == (whole and whole.size)
        assert bare is None or bare.body == b""
    assert found.websocket is None or found.websocket.messages == []
    assert found.raw is None or found.raw.messages == []
    assert found.request.headers == ex.request.headers
    assert found.timings == ex.timings


def test_what_of_other_protocols_was_dropped_is_counted() -> None:
    said = [Message(True, b"12345", 1.0), Message(False, b"678", 2.0)]
    ex = Exchange(HttpRequest("GET", b"/", []), websocket=WebSocketRecord([b"ab"], [b"c", b"d"], 7, said))
    socket = from_record(without_bodies(to_record(ex))).websocket
    assert socket == WebSocketRecord(dropped=7 + 2 + 2 + 8)
    ex = Exchange(HttpRequest("UDP", b"", []), protocol="udp", raw=RawRecord(said, dropped=1, sent=6, received=9))
    assert from_record(without_bodies(to_record(ex))).raw == RawRecord(dropped=9, sent=6, received=9)


def test_lone_surrogates_become_question_marks() -> None:
    odd = "a\udcffé"
    ex = Exchange(HttpRequest(odd, b"/", []), model=odd, session=odd, conversation=odd, system_hash=odd, jail=odd)
    ex.tags, ex.failure, ex.process = {odd: odd}, Failure(odd, odd), Process((odd, "b"), 1)
    ex.hooks = [HookResult(odd, "inbound", "failed", odd, wrote=(odd,))]
    ex.attempts = [Attempt(1.0, failure=Failure(odd, odd), note=odd)]
    ex.route = Route("local", odd, None, Origin(odd, odd, 1), odd)
    ex.raw = RawRecord(status=odd, answers=(odd,))
    found = from_record(on_the_wire(to_record(ex)))
    assert (found.model, found.tags, found.failure) == ("a?é", {"a?é": "a?é"}, Failure("a?é", "a?é"))
    assert found.hooks[0].wrote == ("a?é",)
    assert found.process == Process(("a?é", "b"), 1)
    assert "\udcff" not in repr(found)


def test_a_body_is_told_from_another_that_was_where_it_is_now() -> None:
    """Objects that are gone leave their id to others: only of those that are kept may it be remembered."""
    bodies = Bodies()
    for number in range(2000):
        data = b"%d" % (number % 40)
        place = bodies.add(data + b"!")
        assert place is not None
        assert bodies.all[place] == data + b"!"


RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def whole_facts() -> dict[str, Any]:
    ex = Exchange(HttpRequest("POST", b"/", [(b"a", b"b")], b"body"), client=("a", 1), failure=Failure("a", "b"))
    ex.websocket, ex.raw = WebSocketRecord([b"a"], [b"b"], 0, [Message(True, b"c", 1.0)]), RawRecord()
    ex.route, ex.provider_response = Route("local", None, None, Origin("a", "b", 1), ""), HttpResponse(200, [])
    ex.hooks, ex.attempts = [HookResult("a", "inbound", "ran")], [Attempt(1.0, failure=Failure("a", "b"))]
    ex.process = Process(("a",), 1)
    return to_record(ex).facts


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, each in members for found in ((*way, name), *places(each, (*way, name)))]


FACTS = whole_facts()


@given(st.sampled_from(places(FACTS)), RUBBISH | st.just(KeyError))
def test_rubbish_is_read_or_told_as_such(way: tuple[Any, ...], rubbish: Any) -> None:
    facts = copy.deepcopy(FACTS)
    inside: Any = facts
    for name in way[:-1]:
        inside = inside[name]
    if rubbish is KeyError:
        del inside[way[-1]]
    else:
        inside[way[-1]] = rubbish
    with suppress(RecordError):
        from_record(Record(facts, (b"body", b"a", b"b", b"c")))


@pytest.mark.parametrize("facts", [{}, [], None, "text", {"id": 1}])
def test_facts_that_are_none_are_told(facts: Any) -> None:
    with pytest.raises(RecordError):
        from_record(Record(facts, ()))


def test_a_record_of_a_summary_is_that_of_the_exchange() -> None:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [], b'{"model":"m"}'))
    assert summarize(from_record(to_record(ex))) == summarize(ex)
