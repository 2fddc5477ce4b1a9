"""The holder gets sockets of the jail's network; what a command has sent when it ends is still to be waited for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail import linger
from tests.jail.inmate import scenes_sockets as scenes
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

who = pytest.mark.parametrize("person", people(), ids=lambda person: person.name)


@who
def test_a_server_inside_is_dialled(person: Person) -> None:
    assert play(person, scenes.into) == ["from inside", True, False]


@who
@pytest.mark.parametrize("port", [80, 4000])
def test_a_listener_inside_is_served(person: Person, port: int) -> None:
    assert play(person, scenes.out_of, port) == "127.0.0.1\n::1\n"


@who
def test_a_port_that_is_taken(person: Person) -> None:
    told = play(person, scenes.taken)
    assert told[:2] == ["port 4000 cannot be had inside the jail: Address already in use", "leave it out"]
    assert told[2:] == ["OSError", "JailError"]


ROW = "   0: 0100000A:B0B0 {to} 01 {sending}:00000000 01:00000014 00000000     0        0 1 2 0000 20 4 1 10 -1"
REMOTE, OWN = "076433C6:01BB", "0100007F:1F90"


@pytest.mark.parametrize(
    ("to", "sending", "answer"),
    [(REMOTE, "00000001", True), (REMOTE, "00000000", False), (OWN, "00000001", False)],
)
def test_what_is_not_acknowledged(to: str, sending: str, answer: bool) -> None:
    assert linger.unsent([ROW.format(to=to, sending=sending)]) is answer


SOCKSTAT = """sockets: used 163
TCP: inuse 4 orphan 2 tw 1 alloc 7 mem 1
UDP: inuse 3 mem 2"""


def test_how_many_sockets_there_are() -> None:
    assert linger.in_use([*SOCKSTAT.splitlines(), "TCP6: inuse 3", "UDP6: inuse 9"]) == 7


@given(st.lists(st.text()))
def test_any_rows(rows: list[str]) -> None:
    assert linger.unsent(rows) in {True, False}
    assert linger.in_use(rows) >= 0
