"""jq filters over flows: what they give, and what is said of those that give nothing usable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ccproxy.flows.query.query import Bounds, QueryError, apply, choose

FLOWS: list[dict[str, Any]] = [{"id": f"f{n}", "status": 200 + n, "model": "é\u2028"} for n in range(5)]


def ids(*filters: str) -> list[str]:
    return [flow["id"] for flow in choose(filters, FLOWS)]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (["."], "f0 f1 f2 f3 f4"),
        (["map(select(.status > 201))", ".[1:]"], "f3 f4"),
        (["map(select(.status > 201)) # the late ones", ".[1:]"], "f3 f4"),
        (["sort_by(-.status)", ".[:2]"], "f4 f3"),
        ([". as $all | map(select(.status == ($all | map(.status) | max)))"], "f4"),
        (["[.[0], .[1], .[0]]"], "f0 f1"),
        (["map(select(false))"], ""),
    ],
)
def test_each_filter_gets_what_the_one_before_gives(filters: list[str], kept: str) -> None:
    assert ids(*filters) == kept.split()


def test_the_flows_stay_as_they_were() -> None:
    (kept,) = choose(['map(select(.id == "f1") | {id, status: 0})'], FLOWS)
    assert kept is FLOWS[1]


def test_a_filter_sees_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".jq").write_text('def home: "found";')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOME_API_KEY", "secret")
    assert apply(["[env, $ENV]"], FLOWS) == [{}, {}]
    with pytest.raises(QueryError, match="home/0 is not defined"):
        apply(["[home]"], FLOWS)


def test_all_of_the_result_whatever_it_is() -> None:
    assert apply(["map([.status, .model]) | .[:2]"], FLOWS) == [[200, "é\u2028"], [201, "é\u2028"]]
    assert apply(["."], []) == []
    assert apply(["."], [{"id": "half \ud800"}]) == [{"id": "half ?"}]


WRONG = {
    "no filter": ([".["], "the jq filter is not valid: syntax error"),
    "the second of three": ([".", "map(.a", "."], "the jq filter 'map(.a' is not valid: syntax error"),
    "an unknown name": (["map(select(.status == True))"], "True/0 is not defined"),
    "two halves that close a bracket": ([") | (."], "the jq filter is not valid"),
    "empty": ([""], "the jq filter is not valid"),
    "one flow, not the array": ([".status"], "the jq filter fails: Cannot index array with"),
    "the third fails": ([".", ".[:2]", "map(.id.x)", "."], "the jq filter 'map(.id.x)' fails: Cannot index string"),
    "an error with all flows in it": (["tojson * 9 | error"], "…"),
    "many": ([".[]"], "the jq filter gives several results, not one array"),
    "many without end": (["repeat(.)"], "gives several results"),
    "nothing": (["empty", "."], "the jq filter chain gives nothing, not an array"),
    "an object": ([".[0]"], "gives an object, not an array"),
    "null": (["null"], "gives null, not an array"),
    "a number": (["length"], "gives a number, not an array"),
    "a module": (['# my own\ninclude "own" {search: "/tmp"}; .'], "the jq filter reads a module"),
    "data in another file": ([".", 'import "data" as $d; $d'], "reads a module: there are none here"),
    "halt": (["halt"], "stops jq without a result"),
    "no flows": (["map(.status)"], "must give flows, but element 0 of the result is no object"),
    "objects without id": (["map({status})"], "element 0 of the result is an object without the id of a flow"),
    "ids of no flow": ([".[1].id = \"other\""], "element 1 of the result is an object without the id of a flow"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_filters_that_give_nothing_usable(name: str) -> None:
    filters, said = WRONG[name]
    with pytest.raises(QueryError) as raised:
        choose(filters, FLOWS)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 500


def test_what_to_do_about_one_result_for_each() -> None:
    with pytest.raises(QueryError) as raised:
        apply([".[] | select(.status)"], FLOWS)
    assert raised.value.details == ("wrap it with [...], or use map(...) in place of .[] | ...",)


@pytest.mark.parametrize("endless", ["last(repeat(.))", "def f: f; f"])
def test_one_without_end(endless: str) -> None:
    with pytest.raises(QueryError, match=r"gave no result within 0\.4 s"):
        choose([endless], FLOWS, Bounds(seconds=0.4))


def test_one_that_fills_the_memory() -> None:
    with pytest.raises(QueryError, match="GiB of memory"):
        choose(["[range(1e9)]"], FLOWS, Bounds(memory=200 * 1024**2))
