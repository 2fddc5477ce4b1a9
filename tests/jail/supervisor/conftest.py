"""One daemon for each module of tests and each kind of user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jail.supervisor.jails import Jails
from tests.support.outer import people


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def jails(request: pytest.FixtureRequest) -> Iterator[Jails]:
    with Jails(request.param) as made:
        yield made
