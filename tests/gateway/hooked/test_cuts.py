"""Wherever a stream is cut, hooks hear the same, and so does the client."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from tests.gateway.hooked.masks import LONGEST, MASK, SECRET, count, look, mask, nothing, shout
from tests.gateway.hooked.passage import SSE, Passed, Pieces, through
from tests.support.crossing import CLIENTS
from tests.support.disorder import FORMATS, LINE_ENDS, cut, disordered, wire
from tests.support.examples import examples
from tests.support.good_messages import good_streams
from tests.support.judges import comparable, stream_faults
from tests.support.promises import ours
from tests.support.provider_answers import stream_of

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from([format.value for format in FORMATS])
PIECES = ["Hello ", "sk-", "sk-abcd", "1234", "5", " \u2028é", "s", "k-zzzz99 ", "\n"]
words = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8)


def sent(provider: str, said: list[str]) -> bytes:
    return b"".join(stream_of(provider, said))


@settings(quick, max_examples=150)
@given(formats, formats, words, st.data())
def test_a_secret_is_masked_wherever_it_is_cut(
    client: str, provider: str, said: list[str], data: st.DataObject
) -> None:
    pieces = cut(data.draw, sent(provider, said))
    passed = through([mask, look], client, Pieces(SSE, filter(None, pieces)), provider)
    assert passed.read(client).text == re.sub(SECRET, MASK, "".join(said))
    assert passed.outcomes() == ["ran", "ran"]
    assert len("sk-") + 12 == LONGEST


@settings(quick, max_examples=60)
@given(formats, words, st.data())
def test_who_looks_hears_the_same_and_changes_nothing(client: str, said: list[str], data: st.DataObject) -> None:
    whole = sent(client, said)
    pieces = [piece for piece in cut(data.draw, whole) if piece]
    passed = through([count], client, Pieces(SSE, list(pieces)))
    assert passed.chunks == pieces
    assert passed.exchange.tags == through([count], client, Pieces(SSE, [whole])).exchange.tags
    assert passed.exchange.tags["characters"] == str(len("".join(said)))


@settings(quick, max_examples=examples(250))
@given(st.sampled_from(FORMATS), st.sampled_from(FORMATS), st.sampled_from(LINE_ENDS), st.data())
def test_whatever_a_provider_streams(
    client: WireFormat, provider: WireFormat, ends: bytes, data: st.DataObject
) -> None:
    """The client gets an answer of its format, or an error of its dialect; hooks come to their ends."""
    whole = wire(data.draw(disordered(good_streams(), provider)), ends)
    made: list[Passed] = []
    for pieces in ([whole] if whole else [], [piece for piece in cut(data.draw, whole) if piece]):
        passed = through([shout, count, nothing], client.value, Pieces(SSE, pieces), provider.value)
        made.append(passed)
        assert passed.error is None
        assert passed.outcomes() == ["ran"] * 3
        assert ours(provider, client, stream_faults(client, passed.body)) == [], passed.body
        assert passed.exchange.tags.keys() & {"End", "Error"}
    assert comparable(made[0].body) == comparable(made[1].body)
    assert made[0].exchange.tags == made[1].exchange.tags


@settings(quick, max_examples=100)
@given(st.sampled_from(FORMATS), st.data())
def test_whatever_a_provider_streams_passes_those_who_look(client: WireFormat, data: st.DataObject) -> None:
    """The bytes are the provider's, but for the error event that ends an answer which stopped short."""
    whole = wire(data.draw(disordered(good_streams(), client)))
    pieces = [piece for piece in cut(data.draw, whole) if piece]
    hooks: Any = [count, look]
    passed = through(hooks, client.value, Pieces(SSE, list(pieces)))
    assert passed.chunks[: len(pieces)] == pieces
    assert passed.body == through([], client.value, Pieces(SSE, list(pieces))).body
    assert passed.outcomes() == ["ran", "ran"]
    assert passed.exchange.tags.keys() & {"End", "Error"}


def test_all_formats_are_here() -> None:
    assert {format.value for format in FORMATS} == set(CLIENTS)
