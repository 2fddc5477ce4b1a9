"""Sentinel keys: found in their four places, and never sent on."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.providers.sentinel import find_sentinel, without_credentials

KEY = b"sk-ant-oat-ccproxy-my-name"
ENCODED = KEY.replace(b"-", b"%2D").replace(b"s", b"%73")


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({b"x-api-key": KEY}, b""),
        ({b"x-api-key": b" %b\t" % KEY}, b""),
        ({b"x-goog-api-key": KEY}, b""),
        ({b"authorization": b"Bearer " + KEY}, b""),
        ({b"authorization": b"bearer " + KEY}, b""),
        ({b"authorization": b"BEARER   " + KEY}, b""),
        ({b"authorization": KEY}, b""),
        ({}, b"key=" + KEY),
        ({}, b"alt=sse&key=" + KEY + b"&x"),
        ({}, b"key=" + ENCODED),
        ({}, b"%6Be%79=" + ENCODED),
        ({}, b"key=&key=" + KEY),
        ({b"x-api-key": b"sk-other", b"authorization": b"Bearer " + KEY}, b"key=other"),
        ({b"x-api-key": b"x" + KEY, b"x-goog-api-key": KEY}, b""),
    ],
)
def test_found(fields: dict[bytes, bytes], query: bytes) -> None:
    assert find_sentinel(fields, query) == "my-name"


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, b""),
        ({b"x-api-key": b"sk-ant-oat-01"}, b""),
        ({b"authorization": b"Basic " + KEY}, b""),
        ({b"authorization": b"Bearer x" + KEY}, b""),
        ({b"x-other": KEY, b"cookie": KEY, b"api-key": KEY}, b""),
        ({}, b"Key=%b&apikey=%b&q=%b" % (KEY, KEY, KEY)),
        ({}, KEY),
    ],
)
def test_not_found(fields: dict[bytes, bytes], query: bytes) -> None:
    assert find_sentinel(fields, query) is None


def test_places_are_looked_at_in_order() -> None:
    places = {name: b"sk-ant-oat-ccproxy-" + name for name in (b"x-api-key", b"x-goog-api-key", b"authorization")}
    query = b"key=sk-ant-oat-ccproxy-key"
    for name in list(places):
        assert find_sentinel(places, query) == name.decode()
        del places[name]
    assert find_sentinel(places, query) == "key"


def test_names_are_text() -> None:
    assert find_sentinel({b"x-api-key": b"sk-ant-oat-ccproxy-\xff\xc3\xa9"}, b"") == "\ufffdé"
    assert find_sentinel({b"x-api-key": b"sk-ant-oat-ccproxy-"}, b"") == ""
    assert find_sentinel({}, b"key=sk-ant-oat-ccproxy-%C3%A9%zz+") == "é%zz+"


@pytest.mark.parametrize(
    ("query", "google", "wanted"),
    [
        (b"", True, b""),
        (b"alt=sse", True, b"alt=sse"),
        (b"key=AIza&alt=sse", True, b"alt=sse"),
        (b"alt=sse&key=AIza&key=2&access_token=t", True, b"alt=sse"),
        (b"key=AIza", True, b""),
        (b"key=AIza&access_token=t&x", False, b"key=AIza&access_token=t&x"),
        (b"a=1&key=" + KEY + b"&b=%20", False, b"a=1&b=%20"),
        (b"a=1&key=" + ENCODED, False, b"a=1"),
        (b"access_token=" + KEY, False, b""),
        (b"monkey=%b&keys=1&key" % KEY, False, b"monkey=%b&keys=1&key" % KEY),
        (b"&&a=b=c&;?", True, b"&&a=b=c&;?"),
        (b"&&key=x&a", True, b"&&a"),
        (b"a=%20&%6bey=AIza&oauth_token=t&%61ccess%5Ftoken=t&b", True, b"a=%20&b"),
        (b"%6bey=AIza&oauth_token=t&%61=1", False, b"%6bey=AIza&oauth_token=t&%61=1"),
        (b"a&%6bey=" + ENCODED, False, b"a"),
        (b"oauth_token=" + KEY, False, b""),
        (b"%256bey=1&%6be=2&x=key&%zz", True, b"%256bey=1&%6be=2&x=key&%zz"),
    ],
)
def test_credentials_leave_the_query(query: bytes, google: bool, wanted: bytes) -> None:
    assert without_credentials(query, google) == wanted


VALUES = st.binary(max_size=30) | st.just(KEY) | st.just(b"Bearer " + KEY) | st.just(ENCODED)
NAMES = st.sampled_from([b"key", b"%6bey", b"access_token", b"oauth%5ftoken", b"a", b""])
QUERIES = st.lists(st.tuples(NAMES | st.binary(max_size=4), VALUES), max_size=5).map(
    lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
)


@given(
    fields=st.dictionaries(st.sampled_from([b"x-api-key", b"x-goog-api-key", b"authorization"]), VALUES),
    query=QUERIES | st.binary(max_size=60),
    google=st.booleans(),
)
def test_any_bytes(fields: dict[bytes, bytes], query: bytes, google: bool) -> None:
    """Nothing raises; what is left of a query has no sentinel, and every other parameter in its place."""
    found = find_sentinel(fields, query)
    assert found is None or isinstance(found, str)
    left = without_credentials(query, google)
    assert find_sentinel({}, left) is None
    gone = [item for item in query.split(b"&") if item not in left.split(b"&")]
    names = {unquote_to_bytes(item.partition(b"=")[0]) for item in gone}
    assert names <= {b"key", b"access_token", b"oauth_token"}
    kept = [item for item in query.split(b"&") if item not in gone]
    assert left == b"&".join(kept)
