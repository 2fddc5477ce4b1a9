from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.archived import archive_of, call, flow, keep
from tests.support.daemon import Daemon, Home
from tests.support.turns import TOOLS, model, user

KEY = (b"x-api-key", b"sk-ant-oat-ccproxy-sim")


@pytest.fixture(scope="module")
def proxy() -> Iterator[Daemon]:
    """A daemon through which two sessions went, and a request that belongs to none."""
    with Daemon({"providers": {"sim": {"type": "simulator"}}}) as running:
        ask(running, "session-one", user("one"))
        ask(running, "session-one", user("one"), model("1"), user("two"))
        ask(running, "session-one", user("one"), model("1"), user("two, but otherwise"))
        ask(running, "session-two", user("hello"))
        ask(running, None, user("by the way"))
        assert running.ask("GET", "/v1/models", [KEY]).status == 200
        yield running


def ask(proxy: Daemon, session: str | None, *messages: dict[str, Any]) -> None:
    """A turn as Claude Code sends it."""
    metadata = {"metadata": {"user_id": json.dumps({"session_id": session})}} if session else {}
    body = {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": messages, "tools": TOOLS, **metadata}
    answer = proxy.ask("POST", "/v1/messages", [KEY, (b"content-type", b"application/json")], json.dumps(body).encode())
    assert answer.status == 200, answer.body


def shown(proxy: Daemon, *arguments: str) -> str:
    """What `ccproxy flows conversations` prints."""
    done = proxy.home.run("flows", "conversations", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sessions_are_a_table(proxy: Daemon) -> None:
    head, *lines = shown(proxy).splitlines()
    assert head.split() == ["ID", "CLIENT", "BEGAN", "LAST", "TURNS", "BRANCHES", "MODELS", "IN/OUT", "COST", "TITLE"]
    assert [line.split()[0] for line in lines[:2]] == ["session-o", "session-t"]
    assert [line.endswith(title) for line, title in zip(lines, ("one", "hello", "by the way"), strict=True)] == [
        True
    ] * 3


def test_one_is_a_tree_by_the_id_of_any_of_its_flows(proxy: Daemon) -> None:
    told = json.loads(shown(proxy, "session-one", "--json"))
    first, branch = told["roots"][0]["runs"]
    assert (first["title"], branch["title"]) == ("one", "two")
    assert [(each["kind"], each["runs"][0]["title"]) for each in first["branches"]] == [("edit", "two, but otherwise")]
    drawn = shown(proxy, told["roots"][0]["runs"][1]["flows"][0][:12]).splitlines()
    assert [line[:4] for line in drawn] == ["sess", "├─ " + first["flows"][0][0], "│  └", "└─ " + branch["flows"][0][0]]
    assert drawn[2].split()[2] == "edit"


def test_a_set_may_be_given(proxy: Daemon) -> None:
    one = json.loads(shown(proxy, "--json", "--session", "session-two"))
    assert [(each["id"], each["turns"]) for each in one] == [("session-two", 1)]
    assert json.loads(shown(proxy, "--json", "--provider", "nobody")) == []


@pytest.mark.parametrize(
    ("id", "said"),
    [("session-", "2 sessions have ids that begin with"), ("nothing", "there is no session"), (" ", "is empty")],
)
def test_an_id_must_mean_one(proxy: Daemon, id: str, said: str) -> None:
    done = proxy.home.run("flows", "conversations", id)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_archive_has_no_place_for_is_not_read_again(home: Home) -> None:
    turn = flow(1)
    turn.request.body = json.dumps({"messages": [user("one")]}).encode()
    keep(archive_of(home), [turn])
    done = call(home, "flows", "conversations", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])
