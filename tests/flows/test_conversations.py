from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
from rich.cells import cell_len

from ccproxy.cli.flows.conversations.table import id_length, short
from ccproxy.cli.flows.conversations.tree import drawn, session_line, styled
from ccproxy.exchange import Exchange
from ccproxy.flows.conversations.conversations import Session, sessions, with_places
from ccproxy.flows.conversations.forest import DEEPEST
from ccproxy.flows.conversations.told import told, tree
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.selection import Selection
from ccproxy.flows.summary import summarize
from ccproxy.flows.usage.spending import spent
from tests.flows.test_lineage import SUMMARY
from tests.support.turns import HELPER, ask, model, task, user

NOW = datetime(2023, 11, 14, 23, 0, tzinfo=UTC)


def grown(*flows: Exchange) -> list[Session]:
    """The trees of flows that nobody has placed yet."""
    by_id = {flow.id: flow for flow in flows}
    return sessions(with_places(map(summarize, flows), by_id.get))


def work_day() -> list[Exchange]:
    """A session with a title, two sub-agents at once, an edit, a compaction."""
    begun = [user("look around"), {"role": "assistant", "content": [task("See the left."), task("See the right.")]}]
    results = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "all is well"}]}
    left, right = [user("See the left.")], [user("See the right.")]
    seen = [*begun, results, model("fine"), user("and now?")]
    return [
        ask([user("name this: look around")], "Looking", system="You name things.", tools=[]),
        ask([user("look around")], begun[1]["content"]),
        ask(left, "left", system=HELPER),
        ask(right, "right", system=HELPER),
        ask([*left, model("left"), user("further")], system=HELPER),
        ask([*begun, results], "fine"),
        ask(seen, status=500),
        ask([*seen[:-1], user("and then?")], "then"),
        ask([*seen, model("now"), user("sum it up")], SUMMARY),
        ask([user("It went so:\nWe spoke of the weather.\nIt is fine today."), model("good"), user("go on")]),
    ]


def shape(branch: Any) -> Any:
    """A branch of a tree in short: kinds, and how many turns its runs have."""
    runs = [(run["kind"], len(run["flows"]), [shape(each) for each in run["branches"]]) for run in branch["runs"]]
    return branch["kind"], runs


def test_a_session_is_a_tree() -> None:
    flows = work_day()
    (session,) = grown(*flows)
    found = tree(session)
    assert [shape(root) for root in found["roots"]] == [
        (
            "root",
            [
                ("root", 1, [("agent", [("agent", 2, [])]), ("agent", [("agent", 1, [])])]),
                ("turn", 1, [("edit", [("edit", 1, [])])]),
                ("turn", 2, []),
                ("compaction", 1, []),
            ],
        )
    ]
    assert found["sides"] == [flows[0].id]
    assert (found["turns"], found["flows"], found["branches"], found["failed"]) == (9, 10, 4, 1)
    assert found["tokens"]["output"] == 2 * 7
    assert (found["title"], found["client"]) == ("look around", "made-up/1.0")
    assert sorted(flow["id"] for flow in session.flows) == sorted(flow.id for flow in flows)


def test_the_name_of_a_conversation_means_all_its_flows() -> None:
    flows = [replace(flow, session=None) for flow in work_day()]
    by_id = {flow.id: flow for flow in flows}
    placed = with_places(map(summarize, flows), by_id.get)
    groups, _ = spent(placed, ["conversation"])
    trees = sessions(placed)
    assert {talk.name: len(talk.flows) for talk in trees} == {key: own.requests for (key,), own in groups.items()}
    for talk in trees:
        meant = [flow for flow in placed if Selection(conversation=talk.name).matches(flow)]
        assert {flow["id"] for flow in meant} == {flow["id"] for flow in talk.flows}
    biggest = max(trees, key=lambda talk: len(talk.flows))
    left = [flow for flow in biggest.flows if flow["id"] != biggest.name]
    assert [talk.name for talk in sessions(left)] == [biggest.name]


def test_it_is_drawn_in_the_width_that_there_is() -> None:
    (session,) = grown(*work_day())
    lines = list(drawn(session_line(session, NOW)))
    assert [(guide, line.name) for guide, line in lines] == [
        ("", "session"),
        ("├─ ", "conversation"),
        ("│  ├─ ", ""),
        ("│  │  ├─ ", "agent"),
        ("│  │  └─ ", "agent"),
        ("│  ├─ ", ""),
        ("│  │  └─ ", "edit"),
        ("│  ├─ ", ""),
        ("│  └─ ", "compaction"),
        ("└─ ", "side"),
    ]
    for guide, line in lines:
        assert cell_len(click.unstyle(styled(guide, line, 40))) <= 40
        assert line.title in styled(guide, line, None)


def test_conversations_without_a_session_stand_for_themselves() -> None:
    facts: dict[str, Any] = {"session": None, "conversation": "c1"}
    found = grown(
        ask([user("hi")], **facts), ask([user("hi"), model("ho"), user("bye")], **facts), ask([user("hello")], **facts)
    )
    assert [(each.id, told(each)["turns"]) for each in found] == [(None, 2), (None, 1)]


def test_flows_that_were_placed_and_such_that_were_not_are_one_tree() -> None:
    flows = work_day()
    lineage = Lineage()
    summaries = [summarize(flow) | place.members() for flow in flows[:6] if (place := lineage.place(flow))]
    by_id = {flow.id: flow for flow in flows}
    (session,) = sessions(with_places([*summaries, *map(summarize, flows[6:])], by_id.get))
    (whole,) = grown(*flows)
    assert tree(session)["roots"] == tree(whole)["roots"]


def test_a_flow_whose_parent_is_not_among_them_begins_a_conversation() -> None:
    flows = work_day()
    lineage = Lineage()
    summaries = [summarize(flow) | place.members() for flow in flows if (place := lineage.place(flow))]
    (session,) = sessions(summaries[5:])
    assert [root["runs"][0]["kind"] for root in tree(session)["roots"]] == ["turn"]
    assert sessions([]) == []
    (only,) = sessions([{**summaries[0], "kind": "side", "parent": None}])
    assert told(only)["id"] == "s1"


def test_branches_of_branches_without_end() -> None:
    chain = [
        {"id": str(at), "kind": "agent", "parent": str(at - 1), "time": f"{at:06}", "session": "s"}
        for at in range(3000)
    ]
    (session,) = sessions(chain)
    assert told(session)["flows"] == 3000
    assert json.dumps(tree(session)).count('"agent"') >= 3000
    assert max(len(guide) for guide, _ in drawn(session_line(session, NOW))) <= 3 * (DEEPEST + 2)


def test_numbers_and_ids_are_short() -> None:
    assert [short(number) for number in (0, 999, 1000, 12_345, 99_999, 999_499, 999_500, 4_123_456)] == [
        "0",
        "999",
        "1.0k",
        "12.3k",
        "100k",
        "999k",
        "1.0M",
        "4.1M",
    ]
    assert id_length(["abcdefgh-1", "abcdefgh-2"]) == 10
    assert id_length(["same", "same"]) == 8
