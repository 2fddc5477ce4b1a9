"""Flows of files that somebody made up: they are refused, for whoever reads an archive relies on what is in it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import tnetstring
from mitmproxy.test import tflow

from ccproxy.cli.flows.story import story
from ccproxy.cli.flows.table import row
from ccproxy.cli.words import duration
from ccproxy.exchange import Attempt, Exchange, Failure, HookResult, Origin, Process, Route
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.foreign_times import messages_of
from ccproxy.flows.importing import Count, new
from ccproxy.flows.mflow.reading import read
from ccproxy.flows.record.record import Record, RecordError, from_record, to_record
from ccproxy.flows.summary import detail, summarize
from tests.support.archived import flow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUBBISH: list[Any] = [
    5,
    -1,
    10**30,
    2**64 - 1,
    1e308,
    math.inf,
    math.nan,
    True,
    "word",
    "\x00",
    [],
    [5],
    [[]],
    {},
    {"a": 1},
]


def made() -> Record:
    """A record with something in each member."""
    ex = flow(1, session="s", conversation="c", system_hash="h", tags={"a": "b"}, jail="j", model="opus")
    ex.process, ex.destination = Process(("a",), 3), Origin("https", "api.test", 443)
    ex.route = Route("redirect", "work", None, ex.destination, "why")
    ex.failure, ex.hooks = Failure("a", "b"), [HookResult("h", "inbound", "ran", "r", 0.1, ("x",))]
    ex.attempts = [Attempt(1.0, 2.0, 200, ex.failure, interim=[(103, [(b"a", b"b")])], headers=[(b"a", b"b")])]
    ex.client_tls, ex.dropped = {"ja4": "x"}, {"rule": 1}
    return to_record(ex)


def places(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Each member of a record, however deep."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, each in members for place in [(*before, name), *places(each, (*before, name))]]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """The same with something else in one place."""
    if not place:
        return new
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found = {name: replaced(each, place[1:], new) if name == place[0] else each for name, each in pairs}
    return found if isinstance(value, dict) else list(found.values())


def taken(ex: Exchange) -> bool:
    """Whether it is imported; what is refused is named."""
    try:
        return len(list(new([ex], None, Count()))) == 1
    except FlowFileError as error:
        if "cannot be read: " in str(error) or "an id that is none" in str(error):
            return False
        raise


@pytest.mark.parametrize("rubbish", RUBBISH, ids=repr)
def test_what_is_imported_can_be_shown(rubbish: Any) -> None:
    record = made()
    counts = {True: 0, False: 0}
    for place in places(record.facts):
        facts = replaced(record.facts, place, rubbish)
        try:
            ex = from_record(Record(facts, record.bodies))
        except RecordError:
            continue
        counts[taken(ex)] += 1
        if taken(ex):
            assert story({**detail(ex), "cost": None}, NOW, 80), place
            assert row(summarize(ex), NOW, with_jail=True), place
    assert counts[False] > 10


def test_the_error_says_where() -> None:
    ex = from_record(made())
    ex.attempts[0].headers.append(("name", b"value"))  # type: ignore[arg-type]
    with pytest.raises(FlowFileError, match=r"^the flow 0001-flow cannot be read: attempts\.0\.headers\.1\.0 is wrong"):
        list(new([ex], None, Count()))


def test_times_that_nothing_took() -> None:
    assert duration(math.inf) == duration(-1e300) == "?"


def test_a_message_of_a_made_up_kind() -> None:
    assert messages_of({"_webSocketMessages": [{"opcode": [], "data": "x"}]}, 0.0) == []


def test_a_flow_of_a_hundred_gigabytes_in_a_small_file(tmp_path: Path) -> None:
    file = tmp_path / "x.mflow"
    file.write_bytes(b"999999999999:{}")
    with pytest.raises(FlowFileError, match="flow 1, at byte 0 of 15"):
        list(read(file, lambda path: None))


def test_a_flow_of_mitmproxy_with_a_member_too_many(tmp_path: Path) -> None:
    file = tmp_path / "x.mflow"
    file.write_bytes(tnetstring.dumps({**tflow.tflow().get_state(), "odd": 1}))
    with pytest.raises(FlowFileError, match="flow 1, at byte 0 of"):
        list(read(file, lambda path: None))


@pytest.mark.parametrize(
    ("member", "rubbish"), [("metadata", 5), ("metadata", None), ("messages", [[True, None, 0.0]])]
)
def test_a_flow_of_mitmproxy_with_members_of_other_types(tmp_path: Path, member: str, rubbish: Any) -> None:
    file = tmp_path / "x.mflow"
    file.write_bytes(tnetstring.dumps({**tflow.ttcpflow().get_state(), member: rubbish}))
    with pytest.raises(FlowFileError, match=r"^the flow \S+ is damaged: "):
        list(read(file, lambda path: None))


def test_a_flow_of_another_version_of_mitmproxy(tmp_path: Path) -> None:
    file = tmp_path / "x.mflow"
    file.write_bytes(tnetstring.dumps({**tflow.tflow().get_state(), "version": 999}))
    with pytest.raises(FlowFileError, match="version 999"):
        list(read(file, lambda path: None))
