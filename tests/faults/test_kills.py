"""Ten kills of the two hundred of `make faults`."""

from __future__ import annotations

from tests.faults.kills import run


def test_no_archived_flow_is_lost_to_a_kill() -> None:
    tally = run(10, seed=7, longest=0.3)
    assert tally.wrong == []
    assert tally.kills.total() == 10
    assert tally.answered > 10
    assert tally.seen > 0
