"""Whatever comes from Code Assist, out of its envelopes it says what it says in them."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from tests.support.disorder import FORMATS, LINE_ENDS, cut, disordered, documents, to_json, wire
from tests.support.envelope_promises import check_body, check_unwrapping
from tests.support.examples import examples
from tests.support.good_messages import good_streams

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from(FORMATS)
enveloped = st.one_of(
    documents,
    st.builds(lambda beside, inner: {**beside, "response": inner}, st.dictionaries(st.text(), documents), documents),
    st.builds(lambda inner, beside: {"response": inner, **beside}, documents, st.dictionaries(st.text(), documents)),
)


@settings(quick, max_examples=examples(150))
@given(formats, st.lists(st.one_of(enveloped, st.lists(enveloped, max_size=3)), max_size=3), st.data())
def test_any_json(client: WireFormat, found: list[Any], draw: st.DataObject) -> None:
    data = wire([("", each) for each in found], draw.draw(st.sampled_from(LINE_ENDS)))
    check_unwrapping(client, data, cut(draw.draw, data))
    for each in found:
        check_body(to_json(each))


@settings(quick, max_examples=examples(150))
@given(formats, st.data())
def test_streams_in_disorder(client: WireFormat, draw: st.DataObject) -> None:
    wrapped = [[(name, {"response": data, "traceId": "t"}) for name, data in one] for one in good_streams()[GEMINI]]
    frames = draw.draw(disordered({**good_streams(), GEMINI: wrapped}, GEMINI))
    data = wire(frames, draw.draw(st.sampled_from(LINE_ENDS)))
    data = data[: draw.draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))]
    check_unwrapping(client, data, cut(draw.draw, data))


GEMINI = WireFormat.GEMINI
