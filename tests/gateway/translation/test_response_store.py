"""The memory of the Responses API by itself: what is kept when there is too much."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.translation.response_store import ResponseStore, items_of, whole_response


def response(name: str, text: str = "") -> dict[str, Any]:
    return {"id": name, "status": "completed", "output": [{"id": f"msg_{name}", "type": "message", "content": text}]}


def keep(store: ResponseStore, name: str, previous: str | None = None, text: str = "") -> None:
    store.keep(previous, [{"role": "user", "content": name}], response(name, text))


def known(store: ResponseStore, *names: str) -> list[str]:
    return [name for name in names if store.turn(name) is not None]


def test_the_oldest_goes_first_by_count() -> None:
    store = ResponseStore(max_turns=3)
    for name in "abcde":
        keep(store, name)
    assert known(store, *"abcde") == ["c", "d", "e"]


def test_the_oldest_go_first_by_bytes() -> None:
    store = ResponseStore(max_bytes=10_000)
    for name in "abcde":
        keep(store, name, text="x" * 4000)
    assert known(store, *"abcde") == ["d", "e"]
    keep(store, "f", text="x" * 9000)
    assert known(store, *"abcdef") == ["f"]
    keep(store, "g", text="x" * 20_000)
    assert known(store, *"abcdefg") == []
    keep(store, "h", text="x" * 4000)
    keep(store, "i", text="x" * 4000)
    assert known(store, "h", "i") == ["h", "i"]


def test_a_chain_in_use_is_kept_as_a_whole() -> None:
    store = ResponseStore(max_turns=4)
    keep(store, "a1")
    keep(store, "a2", "a1")
    keep(store, "b1")
    keep(store, "b2", "b1")
    store.history("a2")
    keep(store, "c")
    assert known(store, "a1", "a2", "b1", "b2", "c") == ["a1", "a2", "b2", "c"]
    keep(store, "a3", "a2")
    assert known(store, "a1", "a2", "a3", "b2", "c") == ["a1", "a2", "a3", "c"]


def test_going_on_keeps_the_whole_chain_too() -> None:
    store = ResponseStore(max_turns=3)
    keep(store, "a1")
    keep(store, "b")
    keep(store, "a2", "a1")
    keep(store, "c")
    assert known(store, "a1", "a2", "b", "c") == ["a1", "a2", "c"]


def test_a_chain_that_has_lost_its_beginning_is_refused() -> None:
    """Half a conversation would be answered, wrongly."""
    store = ResponseStore()
    keep(store, "a")
    keep(store, "b", "a")
    assert store.forget("a")
    assert not store.forget("a")
    with pytest.raises(Refused, match="'a'"):
        store.history("b")


def test_room_is_given_back() -> None:
    store = ResponseStore(max_bytes=10_000)
    for number in range(100):
        keep(store, f"r{number}", text="x" * 8000)
        assert store.forget(f"r{number}")
    for _ in range(100):
        keep(store, "same", text="x" * 8000)
    keep(store, "small")
    assert known(store, "same", "small") == ["same", "small"]


def test_a_provider_that_calls_all_its_answers_the_same() -> None:
    """A chain that bites its own tail would hold up everything, for ever."""
    store = ResponseStore()
    keep(store, "a", text="1")
    keep(store, "b", "a", text="2")
    keep(store, "a", "b", text="3")
    keep(store, "a", "a", text="4")
    assert [item["content"] for item in store.history("a")] == ["a", "1", "b", "2", "a", "3", "a", "4"]


def test_items_are_found_in_any_turn() -> None:
    store = ResponseStore()
    keep(store, "a", text="first")
    keep(store, "b", text="second")
    assert store.item("msg_a")["content"] == "first"
    with pytest.raises(Refused, match="msg_z"):
        store.item("msg_z")


@pytest.mark.parametrize("value", [None, 3, {}, [1, "x", None]])
def test_what_is_no_input_has_no_items(value: Any) -> None:
    assert items_of(value) == []


@pytest.mark.parametrize("body", [b"", b"x", b"null", b"[]", b'{"id": 3}', b'{"response": []}', b"data: {}\n\n"])
def test_what_is_no_response_is_not_remembered(body: bytes) -> None:
    assert whole_response(body) is None
