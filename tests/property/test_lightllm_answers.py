"""Whatever a provider sends, a client gets an answer of its format or an error of its dialect, and gets to its end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import translate as tr
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.support.disorder import FORMATS, LINE_ENDS, bent, cut, disordered, documents, to_json, wire
from tests.support.examples import examples
from tests.support.good_messages import good_bodies, good_errors, good_streams
from tests.support.judges import stream_faults
from tests.support.promises import USAGE, check_body, check_error_body, check_stream, check_stream_as_body

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from(FORMATS)
asked_options = st.sampled_from([(True, USAGE), (True, {}), (False, {})])


@settings(quick, max_examples=60)
@given(formats, st.binary(max_size=200), asked_options, st.data())
def test_streams_of_any_bytes(provider: WireFormat, data: bytes, options: Any, draw: st.DataObject) -> None:
    check_stream(provider, data, cut(draw.draw, data), options)


@settings(quick, max_examples=100)
@given(formats, st.lists(documents, max_size=3), asked_options, st.data())
def test_streams_of_any_json(provider: WireFormat, found: list[Any], options: Any, draw: st.DataObject) -> None:
    data = wire([("", each) for each in found])
    check_stream(provider, data, cut(draw.draw, data), options)


@settings(quick, max_examples=examples(250))
@given(formats, asked_options, st.data())
def test_streams_in_disorder(provider: WireFormat, options: Any, draw: st.DataObject) -> None:
    frames = draw.draw(disordered(good_streams(), provider))
    data = wire(frames, draw.draw(st.sampled_from(LINE_ENDS)))
    check_stream(provider, data, cut(draw.draw, data), options)


@settings(quick, max_examples=60)
@given(formats, st.data())
def test_streams_that_break_off(provider: WireFormat, draw: st.DataObject) -> None:
    data = wire(draw.draw(st.sampled_from(good_streams()[provider])))
    data = data[: draw.draw(st.integers(0, len(data)))]
    for client in FORMATS:
        translator = StreamTranslator(provider, client, Asked("m-1", USAGE))
        out = translator.feed(data)
        out += translator.end(WireError(502, "the connection broke", code="reset"))
        assert translator.done
        assert stream_faults(client, out) == []


@settings(quick, max_examples=150)
@given(formats, st.data())
def test_streams_read_as_one_answer(provider: WireFormat, draw: st.DataObject) -> None:
    check_stream_as_body(provider, wire(draw.draw(disordered(good_streams(), provider))))


@settings(quick, max_examples=100)
@given(formats, documents)
def test_bodies_of_any_json(provider: WireFormat, document: Any) -> None:
    check_body(provider, to_json(document))


@settings(quick, max_examples=250)
@given(formats, st.data())
def test_bodies_nearly_right(provider: WireFormat, draw: st.DataObject) -> None:
    check_body(provider, to_json(draw.draw(bent(draw.draw(st.sampled_from(good_bodies()[provider]))))))


statuses = st.one_of(st.integers(400, 599), st.sampled_from([400, 401, 404, 413, 429, 500, 503, 529]))


@settings(quick, max_examples=250)
@given(formats, statuses, st.data())
def test_errors(provider: WireFormat, status: int, draw: st.DataObject) -> None:
    good = bent(draw.draw(st.sampled_from(good_errors()[provider])))
    check_error_body(provider, to_json(draw.draw(st.one_of(good, documents))), status)


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize("client", FORMATS)
def test_errors_keep_their_words(provider: WireFormat, client: WireFormat) -> None:
    error = tr.translate_error(good_errors()[provider][0], 429, provider)
    assert error is not None
    crossed = tr.translate_error(json.loads(tr.write_error(error, client)), 429, client)
    assert crossed is not None
    assert (crossed.status, crossed.message) == (429, "slow down")
