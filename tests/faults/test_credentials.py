"""Every trouble with a credential that renews itself, with each vendor's login: the second part of `make faults`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.office import Office, office
from tests.faults.troubles import TROUBLES, Trouble
from tests.support.accounts import VENDORS


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The daemon and its logins. When all is over, it is well, and has told no token."""
    with office(tmp_path_factory.mktemp("office")) as opened:
        yield opened
        opened.daemon.healthy()
        assert not [secret for secret in opened.secrets() if secret in opened.daemon.output]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(("number", "trouble"), list(enumerate(TROUBLES)), ids=[trouble.name for trouble in TROUBLES])
def test_what_a_client_sees(staffed: Office, number: int, trouble: Trouble, vendor: str) -> None:
    sight = staffed.meet(number, vendor)
    assert trouble.allows(sight), sight
    assert sight.seconds < 15.0
    assert not [secret for secret in staffed.secrets() if secret in sight.detail]
