"""Daemons before the simulator: as their only provider, and as a provider of each format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.pairs import Crossing
from tests.sdk.speakers import all_speakers
from tests.sdk.speakers.question import NAMES, WIRED, Speaker
from tests.support.daemon import Daemon
from tests.support.replies import reply
from tests.support.upstream import Upstream

KEY = "sk-ant-oat-ccproxy-sim"
LOOK = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
"""The parameters of the tool that the tests declare."""


@pytest.fixture(scope="session")
def simulated() -> Iterator[Daemon]:
    """The daemon with one provider."""
    with Daemon({"providers": {"sim": {"type": "simulator"}}}) as running:
        yield running


@pytest.fixture(scope="session")
def wire() -> Iterator[Upstream]:
    """The scripted upstream of the providers whose names end in `-wired`."""
    upstream = Upstream(reply())
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def crossroads(wire: Upstream) -> Iterator[Daemon]:
    """The daemon with a provider of each format that is the simulator, and one with the scripted upstream."""
    simulators = {name: {"type": name, "base_url": "simulator:"} for name in NAMES}
    wired = {name + WIRED: {"type": name, "base_url": wire.url} for name in NAMES}
    with Daemon({"providers": simulators | wired}) as running:
        yield running


@pytest.fixture(scope="session")
def speakers(crossroads: Daemon) -> Iterator[dict[str, Speaker]]:
    """A client of each SDK before that daemon."""
    with all_speakers(crossroads.url) as made:
        yield made


@pytest.fixture
def way() -> str:
    """How to ask, where a test has no parameter of this name."""
    return "streamed"


@pytest.fixture
def crossing(crossroads: Daemon, speakers: dict[str, Speaker], pair: tuple[str, str], way: str) -> Crossing:
    """The pair of the test, asked in the way of the test."""
    client, provider = pair
    return Crossing(crossroads, speakers[client], client, provider, way)


@pytest.fixture
def wired(crossing: Crossing, wire: Upstream) -> Crossing:
    """The same with the scripted upstream, whose record is empty."""
    wire.drop()
    wire.forget()
    crossing.wired = True
    return crossing
