"""One daemon for each module of tests and each kind of user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.jailed import House
from tests.support.outer import Outer, people


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with Outer(request.param, sniff=True) as outer, House(outer) as made:
        yield made
