"""What docs/trust.md says of clients that pin: the connection passes unread, and the real certificate is trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.jailed import House
from tests.support.outer import Outer, people

IGNORED = {"mitmproxy": {"ignore_hosts": [r"^pinned\.example\.test:443$"]}}
ISSUER = ["curl", "-sSv", "--stderr", "-", "https://pinned.example.test/"]


@pytest.fixture(scope="module", params=[True, False], ids=["inspector", "no-inspector"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with Outer(people()[0]) as outer, House(outer, {"inspector": {"enabled": request.param} | IGNORED}) as house:
        yield house


@pytest.mark.timeout(120)
def test_a_host_that_is_ignored_shows_its_own_certificate(house: House) -> None:
    known = {"SSL_CERT_FILE": str(house.outer.ca)}
    done = house.jail(*ISSUER, env=known)
    assert done.returncode == 0, done.stdout
    assert b"O=The internet of the tests" in done.stdout
    assert b"mitmproxy" not in done.stdout
    house.flow(protocol="tcp")


@pytest.mark.timeout(120)
def test_any_other_shows_one_of_the_daemons(house: House) -> None:
    done = house.jail(*(part.replace("pinned", "other") for part in ISSUER))
    assert done.returncode == 0, done.stdout
    assert b"CN=mitmproxy" in done.stdout
