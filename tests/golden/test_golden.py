"""What the commands print of a few recorded flows is what was kept; `make golden` does the same with 1,000."""

from __future__ import annotations

import pytest

from tests.golden.kinds import KINDS
from tests.golden.made import flows
from tests.golden.run import compared


@pytest.mark.timeout(120)
def test_the_sample() -> None:
    directory, count, every = KINDS["sample"]
    made = flows(directory, count)
    assert len(made) == count
    assert compared("sample", made, every, update=False) == []
