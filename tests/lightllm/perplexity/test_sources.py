"""What markers stand for, as it becomes known from steps and lists."""

from __future__ import annotations

import pytest

from ccproxy.lightllm.perplexity.plan import Plan
from ccproxy.lightllm.perplexity.sources import Sources
from tests.support.perplexity.encodings import step


def found(names: str) -> list[dict[str, str]]:
    return [{"url": f"http://{name}"} for name in names]


def names(sources: Sources) -> str:
    return "".join((each.url or "")[-1] for each in sources.citations())


@pytest.mark.parametrize(
    ("steps", "known"),
    [
        (["abc", "ad"], "abcd"),
        (["ab", "abc", "ab"], "abc"),
        (["ab", "c", "cab", "dc"], "abcd"),
        (["ab", "", "b"], "ab"),
    ],
)
def test_what_a_step_finds_comes_behind_what_is_known(steps: list[str], known: str) -> None:
    """A number stands for the same result ever after."""
    sources = Sources()
    for each in steps:
        sources.read_step(found(each))
    assert names(sources) == known


@pytest.mark.parametrize(
    ("lists", "known"),
    [(["abc", "ad"], "ad"), (["ab", "abc", "ab"], "abc"), (["ab", "c"], "c"), (["ab", ""], "ab")],
)
def test_the_last_list_counts(lists: list[str], known: str) -> None:
    sources = Sources()
    sources.read_step(found("xyz"))
    for each in lists:
        sources.begin()
        sources.read_block({"web_results": found(each)})
    assert names(sources) == known


def test_all_lists_of_one_event_count() -> None:
    sources = Sources()
    for event in ("ab", "cad"), ("ab", "cad"), ("ae", "d"):
        sources.begin()
        for each in event:
            sources.read_block({"web_results": found(each)})
        assert names(sources) == ("abcd" if event[0] == "ab" else "aed")


@pytest.mark.parametrize(
    ("first", "told", "then", "known"),
    [
        ("abc", 2, "xyz", "xbzy"),
        ("abc", 3, "d", "dbc"),
        ("abc", 1, "bac", "aacb"),
        ("abc", 4, "d", "d"),
    ],
)
def test_what_has_been_told_of_a_number_stays(first: str, told: int, then: str, known: str) -> None:
    sources = Sources()
    sources.read_step(found(first))
    sources.cite(told, None)
    sources.read_block({"web_results": found(then)})
    assert "".join((sources.link(number) or "")[-1] for number in range(1, len(known) + 1)) == known
    assert not sources.knows(len(known) + 1)


def test_a_patch_of_a_number_that_has_been_told() -> None:
    sources = Sources()
    sources.read_block({"web_results": found("ab")})
    sources.cite(1, None)
    sources.read_patch("/web_results/0", {"url": "http://a", "name": "A"})
    sources.read_patch("/web_results/0", {"url": "http://c"})
    assert [(each.url, each.title) for each in sources.citations()] == [
        ("http://a", "A"), ("http://b", None), ("http://c", None),
    ]  # fmt: skip


def test_files_are_known_by_their_names() -> None:
    sources = Sources()
    sources.read_step([{"name": "a"}, {"name": "b"}])
    sources.read_step([{"name": "c"}, {"name": "b"}])
    assert [each.title for each in sources.citations()] == ["a", "b", "c"]


class Counting(Sources):
    """Counts the lists of steps that it reads."""

    read = 0

    def read_step(self, results: list[object]) -> None:
        self.read += 1
        super().read_step(results)


def test_steps_that_every_event_repeats_are_read_once() -> None:
    sources = Counting()
    plan = Plan(sources)
    for upto in range(50):
        steps = [step("WEB_RESULTS", f"u{number}", web_results=found("ab")) for number in range(upto + 1)]
        plan.read_steps(steps)
    assert sources.read == 50
    plan.read_steps([step("WEB_RESULTS", "u7", web_results=found("abc"))])
    assert (sources.read, names(sources)) == (51, "abc")
