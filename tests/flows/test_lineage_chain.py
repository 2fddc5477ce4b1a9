from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.flows.lineage.canon import link
from ccproxy.flows.lineage.chain import Chain, read_chain

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
messages = st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": values}), min_size=1, max_size=6)
layouts = st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (",", ":")}])


def body(said: list[Any], layout: dict[str, Any], **more: Any) -> bytes:
    """A request as a client might write it."""
    return json.dumps({**more, "messages": said, "system": [{"text": "]}"}]}, **layout).encode("utf-8", "replace")


def links(said: list[Any]) -> list[bytes]:
    """The chain, one link after the other."""
    found = [b""]
    for each in said:
        found.append(link(found[-1], each))
    return found[1:]


@given(messages, messages, layouts, st.booleans())
def test_a_chain_is_the_same_whether_a_former_body_is_known_or_not(
    said: list[Any], other: list[Any], layout: dict[str, Any], moved: bool
) -> None:
    former = read_chain(body(said, layout))
    both = body([*said, *other], layout, **({"model": "another"} if moved else {}))
    assert former is not None
    with_former, without = read_chain(both, [former]), read_chain(both)
    assert with_former == without
    assert without is not None
    parsed = json.loads(both)
    assert without.links == links(parsed["messages"])
    assert [without.message(index) for index in range(len(without))] == parsed["messages"]
    assert json.loads(without.rest()) == parsed | {"messages": []}
    assert without.common(former) >= len(said)


@given(st.binary(max_size=60), messages, st.integers(0, 200))
def test_any_bytes_are_read_as_far_as_they_go(noise: bytes, said: list[Any], cut: int) -> None:
    whole = body(said, {})
    former = read_chain(whole)
    known = [former] if former else []
    for data in (noise, whole[:cut], whole[:cut] + noise, b'{"messages":[' + noise, b'{"input":"' + noise):
        chain = read_chain(data, known)
        assert chain is None or isinstance(chain, Chain)
        assert chain == read_chain(data)
