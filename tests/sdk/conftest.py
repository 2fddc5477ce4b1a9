"""A daemon with the embedded simulator as its only provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.daemon import Daemon

KEY = "sk-ant-oat-ccproxy-sim"
LOOK = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
"""The parameters of the tool that the tests declare."""


@pytest.fixture(scope="session")
def simulated() -> Iterator[Daemon]:
    """The daemon."""
    with Daemon({"providers": {"sim": {"type": "simulator"}}}) as running:
        yield running
