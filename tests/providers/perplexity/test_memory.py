"""Which thread a conversation is: its own, whatever others say, and for as long as it is used."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Attempt, Exchange, Failure, HttpRequest, HttpResponse
from ccproxy.providers.perplexity.memory import ThreadMemory
from ccproxy.providers.perplexity.turns import Scope, Turn, account_of, key_of, may_have_moved, name_of

type Said = tuple[str, str]
HI: Said = ("user", "hi")
HELLO: Said = ("assistant", "Hello! How can I help?")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def exchange(system: str | None = None) -> Exchange:
    return Exchange(HttpRequest("POST", b"/v1/chat/completions", []), system_hash=system)


def thread(context: str, entry: int = 1) -> dict[str, Any]:
    return {"context_uuid": context, "backend_uuid": f"{context}-{entry}", "read_write_token": "t"}


def key(*turns: Said, provider: str = "perplexity_pro", **scope: Any) -> str:
    return key_of(Scope(provider, **scope), turns)


def ended(asked: Exchange, status: int | None = 200, kind: str | None = None) -> None:
    """It is over, answered with a status, or by a failure to reach the provider."""
    if status is not None:
        asked.provider_response = HttpResponse(status, [])
    attempt = Attempt(status=status, failure=Failure(kind, "made up") if kind else None)
    asked.attempts.append(attempt)
    asked.timings.finished = asked.timings.started


# -- keys


def test_a_conversation_is_known_by_all_of_its_turns_and_not_by_its_first_words() -> None:
    """C22: the key was the user's first text, so unrelated conversations that began alike had one thread."""
    other = ("assistant", "Hi there")
    assert len({key(HI, HELLO), key(HI, other), key(HI), key(HI, HELLO, HI), key(HI, HELLO, HI, HELLO)}) == 5


def test_sessions_and_providers_are_kept_apart() -> None:
    assert len({key(HI, HELLO, session=s, provider=p) for s in ("", "a", "b") for p in ("p", "q")}) == 6


def test_files_are_part_of_what_was_said() -> None:
    assert len({key_of(Scope("p"), [HI], files) for files in ((), ("a",), ("b",), ("a", "b"))}) == 4


def test_white_space_that_clients_trim_does_not_count() -> None:
    assert key(HI, ("assistant", "One.\n\nTwo.\n")) == key(HI, ("assistant", "One. Two."))


def test_white_space_parts_words() -> None:
    assert key(("user", "therapist")) != key(("user", "the rapist"))


def test_accounts_and_spaces_are_kept_apart() -> None:
    accounts = ("", account_of("one"), account_of("other"))
    assert len({key(HI, HELLO, account=a, space=s) for a in accounts for s in ("", "sp1", account_of("one"))}) == 9


def test_nothing_of_a_token_is_kept() -> None:
    assert (len(account_of("random" * 9)), account_of("")) == (12, "")


def test_who_tells_no_session_goes_on_under_the_same_instructions_only() -> None:
    told = [(), ("A",), ("B",), ("A", "B"), ("A B",)]
    assert len({key(HI, HELLO, instructions=each) for each in told}) == 5
    assert len({key(HI, HELLO, instructions=each, session="s") for each in told}) == 1
    assert key(HI, instructions=("user", "hi")) != key(("user", "hi"), HI)


texts = st.text(st.sampled_from('ab",:[]0\\'), min_size=1, max_size=6)
turns = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), texts), max_size=4)


@given(turns, turns)
def test_two_conversations_have_one_key_only_if_they_are_the_same(one: list[Said], other: list[Said]) -> None:
    assert (key(*one) == key(*other)) == (one == other)


def test_lone_surrogates_of_a_client_have_a_key() -> None:
    assert key(("user", "\ud800")) != key(("user", "x"))


# -- a conversation goes on


def test_a_conversation_goes_on() -> None:
    memory, first, second = ThreadMemory(60), key(HI, HELLO), key(HI, HELLO, HI, HELLO)
    memory.keep(first, thread("A"))
    assert memory.find(first, exchange()) == thread("A")
    memory.keep(second, thread("A", 2))
    assert memory.find(first, exchange()) is None
    assert memory.find(second, exchange()) == thread("A", 2)
    assert len(memory) == 1


def test_conversations_that_are_the_same_word_for_word_never_share_a_thread() -> None:
    memory, place = ThreadMemory(60), key(HI, HELLO)
    memory.keep(place, thread("A"))
    memory.keep(place, thread("B"))
    one, other, third = exchange(), exchange(), exchange()
    lent = [memory.find(place, each) for each in (one, other, third)]
    assert lent == [thread("B"), thread("A"), None]
    assert one is not other


def test_of_the_same_words_those_with_the_same_instructions_belong_together() -> None:
    memory, place = ThreadMemory(60), key(HI, HELLO)
    memory.keep(place, thread("A"), "pirate")
    memory.keep(place, thread("B"), "formal")
    assert memory.find(place, exchange("pirate")) == thread("A")
    assert memory.find(place, exchange("pirate")) == thread("B")  # instructions with the time of day change every turn


def test_a_turn_that_is_generated_again_leaves_both_conversations_whole() -> None:
    memory, before = ThreadMemory(60), key(HI, HELLO)
    one, other = key(HI, HELLO, HI, ("assistant", "one")), key(HI, HELLO, HI, ("assistant", "other"))
    memory.keep(before, thread("A"))
    asked = exchange()
    assert memory.find(before, asked) == thread("A")
    memory.keep(one, thread("A", 2))
    ended(asked)
    assert memory.find(before, exchange()) is None  # the same question again: its thread has gone on
    memory.keep(other, thread("B"))
    assert [memory.find(place, exchange()) for place in (one, other)] == [thread("A", 2), thread("B")]


def test_a_thread_has_one_end_only_wherever_it_was_gone_on_with() -> None:
    memory = ThreadMemory(60)
    memory.keep(key(HI, HELLO), thread("A"))
    memory.keep(key(("user", "elsewhere")), thread("A", 2))
    assert memory.find(key(HI, HELLO), exchange()) is None
    assert len(memory) == 1


def test_what_nobody_could_go_on_with_is_not_remembered() -> None:
    memory = ThreadMemory(60)
    memory.keep(key(HI, HELLO), {"context_uuid": "A", "backend_uuid": ""})
    memory.keep(key(HI, HELLO), {})
    assert len(memory) == 0


# -- what is lent


def test_a_thread_in_use_is_not_lent_twice_and_comes_back_if_the_site_took_nothing() -> None:
    for status, kind in ((401, None), (429, None), (503, None), (None, "connect"), (None, "tls")):
        memory, place, asked = ThreadMemory(60), key(HI, HELLO), exchange()
        memory.keep(place, thread("A"))
        assert memory.find(place, asked) == thread("A")
        assert memory.find(place, exchange()) is None
        ended(asked, status, kind)
        assert memory.find(place, exchange()) == thread("A"), (status, kind)


def test_a_thread_that_a_broken_answer_may_have_moved_is_lost() -> None:
    for status, kind in (
        (200, None),
        (403, None),
        (404, None),
        (500, None),
        (400, None),
        (None, "reset"),
        (None, "first_byte_timeout"),
        (None, None),
    ):
        memory, place, asked = ThreadMemory(60), key(HI, HELLO), exchange()
        memory.keep(place, thread("A"))
        memory.find(place, asked)
        ended(asked, status, kind)
        assert memory.find(place, exchange()) is None, (status, kind)
        assert len(memory) == 0


def test_who_never_sent_anything_gives_back_what_it_borrowed() -> None:
    memory, place, asked = ThreadMemory(60), key(HI, HELLO), exchange()
    memory.keep(place, thread("A"))
    memory.find(place, asked)
    asked.timings.finished = asked.timings.started  # a hook refused it
    assert not may_have_moved(asked)
    assert memory.find(place, exchange()) == thread("A")


def test_who_is_gone_without_a_trace_leaves_no_thread_behind() -> None:
    memory, place = ThreadMemory(60), key(HI, HELLO)
    memory.keep(place, thread("A"))
    memory.find(place, exchange())
    gc.collect()
    assert memory.find(place, exchange()) is None
    assert len(memory) == 0


def test_many_turns_at_a_time_have_a_thread_each() -> None:
    memory, place = ThreadMemory(60), key(HI, HELLO)
    for number in range(20):
        memory.keep(place, thread(f"T{number}"))
    found: list[str] = []

    async def turn(number: int) -> None:
        asked = exchange()
        lent = memory.find(place, asked)
        await asyncio.sleep(0)
        assert lent is not None
        found.append(name_of(lent))
        memory.keep(key(HI, HELLO, ("user", str(number))), {**lent, "backend_uuid": str(number)})
        ended(asked)

    async def main() -> None:
        await asyncio.gather(*map(turn, range(20)))

    asyncio.run(main())
    assert len(set(found)) == 20
    assert len(memory) == 20


# -- time and room


def test_each_use_begins_the_time_anew() -> None:
    clock = Clock()
    memory, place = ThreadMemory(60, clock), key(HI, HELLO)
    memory.keep(place, thread("A"))
    asked = [exchange() for _ in range(5)]
    for each in asked:
        clock.now += 59
        assert memory.find(place, each) == thread("A")
        ended(each, 429)
    clock.now += 60
    assert memory.find(place, exchange()) is None
    assert len(memory) == 0


def test_what_was_used_longest_ago_makes_room() -> None:
    memory = ThreadMemory(60, most=2)
    for name in "AB":
        memory.keep(key(("user", name)), thread(name))
    asked = exchange()
    memory.find(key(("user", "A")), asked)
    memory.keep(key(("user", "C")), thread("C"))
    ended(asked, 429)
    assert [memory.find(key(("user", name)), exchange()) is not None for name in "ABC"] == [True, False, True]


# -- former days


def turn_of_old(context: str, place: str | None, finished: float, entry: int = 1, *, moved: bool = True) -> Turn:
    return Turn(thread(context, entry) | ({"key": place} if place else {}), finished, None, moved)


def test_what_an_archive_holds_is_remembered_for_the_rest_of_its_time() -> None:
    clock = Clock()
    memory = ThreadMemory(60, clock)
    memory.keep("new", thread("N"))
    old = [turn_of_old("A", "a", 990), turn_of_old("B", "b", 950), turn_of_old("C", "c", 939)]
    memory.restore(old, now=1000)
    assert len(memory) == 3
    clock.now += 15
    assert memory.find("b", exchange()) is None
    found = memory.find("a", exchange())
    assert found is not None
    assert found["backend_uuid"] == "A-1"
    clock.now += 50
    assert memory.find("new", exchange()) is None
    assert len(memory) == 1


def test_of_a_thread_in_the_archive_only_its_end_counts() -> None:
    memory = ThreadMemory(60)
    memory.keep("here", thread("L", 3))
    memory.restore(
        [
            turn_of_old("A", "second", 999, 2),
            turn_of_old("A", "first", 998),
            turn_of_old("L", "older", 997, 2),
            turn_of_old("M", None, 996),  # broke off after the site had taken it
            turn_of_old("M", "was", 995),
            turn_of_old("K", None, 994, moved=False),  # and this one was not taken
            turn_of_old("K", "still", 993),
        ],
        now=1000,
    )
    places = ("second", "first", "older", "was", "still", "here")
    asked = {place: exchange() for place in places}
    assert [place for place in places if memory.find(place, asked[place])] == ["second", "still", "here"]


def test_what_is_gone_on_with_is_not_restored_a_second_time() -> None:
    memory = ThreadMemory(60)
    for _ in range(2):
        memory.restore([turn_of_old("A", "a", 999)], now=1000)
    assert len(memory) == 1


def test_what_somebody_made_up_is_not_restored() -> None:
    memory = ThreadMemory(60)
    odd: list[Any] = [
        {"key": 5},
        {"backend_uuid": ["x"]},
        {"context_uuid": {"a": 1}},
        {"read_write_token": 7},
        {"read_write_token": "[redacted]"},  # out of an export
        {"key": ""},
    ]
    memory.restore([Turn(thread("A") | {"key": "a"} | each, 999, None, moved=True) for each in odd], now=1000)
    memory.restore([Turn({}, 999, None, moved=True)], now=1000)
    assert len(memory) == 0
