"""Daemons before the simulator: as their only provider, and as a provider of each format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.pairs import Crossing
from tests.sdk.speakers import all_speakers
from tests.sdk.speakers.question import CODE_ASSIST, NAMES, WIRED, Speaker
from tests.support.code_assist import PROVIDER as CODE_ASSIST_PROVIDER
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
FALLBACK = "gemini-2.5-flash-lite"
CAPACITY = {"sticky_retry_attempts": 0, "fallback_models": [FALLBACK]}
FORMATS = {CODE_ASSIST: "gemini"}
"""What is not its own format's name."""


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
    """The daemon with a provider of each format that is the simulator, and one with the scripted upstream.

    Where Code Assist is out of capacity, another model is asked once and at once.
    """
    kinds = {name: {"type": name} for name in NAMES} | {CODE_ASSIST: CODE_ASSIST_PROVIDER}
    simulators = {name: kind | {"base_url": "simulator:"} for name, kind in kinds.items()}
    wired = {name + WIRED: kind | {"base_url": wire.url} for name, kind in kinds.items()}
    with Daemon({"providers": simulators | wired, "gemini_capacity": CAPACITY}) as running:
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
    client, name = pair
    return Crossing(crossroads, speakers[client], client, FORMATS.get(name, name), way, name)


@pytest.fixture
def wired(crossing: Crossing, wire: Upstream) -> Crossing:
    """The same with the scripted upstream, whose record is empty."""
    wire.drop()
    wire.forget()
    crossing.wired = True
    return crossing
