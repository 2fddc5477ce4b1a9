"""Every fault of the matrix, by each carrier, buffered and streamed: `make faults` prints the same as a table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.fault import Fault
from tests.faults.lab import Lab, lab
from tests.faults.matrix import cases

SECONDS = 15.0
"""By far more than any of the limits that the faults run into."""
CASES = [
    pytest.param(*case, id=f"{case[1].name} [{case[2]}, {'streamed' if case[3] else 'buffered'}]") for case in cases()
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The daemon and its bad providers. When all is over, it has no more open than before, and is well."""
    with lab(tmp_path_factory.mktemp("faults")) as opened:
        yield opened
        opened.settled()


@pytest.mark.parametrize(("number", "fault", "way", "streamed"), CASES)
def test_what_a_client_sees(made: Lab, number: int, fault: Fault, way: str, streamed: bool) -> None:
    before = made.daemon.resident_bytes()
    sight = made.meet(number, fault, way, streamed)
    assert sight.text in fault.allowed(streamed=streamed), sight
    assert sight.seconds < SECONDS
    assert made.daemon.resident_bytes() - before < made.ROOM


def test_a_good_answer_in_between(made: Lab) -> None:
    """The daemon serves as well as before."""
    made.healthy()
