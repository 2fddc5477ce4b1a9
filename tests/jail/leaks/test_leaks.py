"""No way out of a jail but the tunnel, for root and for everybody else."""

from __future__ import annotations

from functools import cache

import pytest

from tests.jail.leaks.matrix import run
from tests.jail.leaks.scene import Outcome
from tests.jail.leaks.table import DOWN, ONLY, ROWS, STRICT, UNRECORDED, WHOLE, Row
from tests.support.outer import Person, people

ALL = [*ROWS, UNRECORDED, *STRICT, *ONLY, *DOWN, WHOLE]


@cache
def outcomes(person: Person) -> dict[Row, Outcome]:
    """What became of every row: three jails for all of them."""
    return {outcome.row: outcome for outcome in run(person)}


@pytest.mark.parametrize("person", people(), ids=lambda person: person.name)
@pytest.mark.parametrize("row", ALL, ids=lambda row: row.id)
@pytest.mark.timeout(180)
def test_way_out(person: Person, row: Row) -> None:
    outcome = outcomes(person)[row]
    assert outcome.held, f"{outcome.result}, not {row.allowed}: {outcome.detail}"
