"""What has to be so before a real CLI is started."""

from __future__ import annotations

import socket

import pytest

from tests.clients.programs import MODULES


@pytest.fixture(scope="package", autouse=True)
def alone() -> None:
    """Without the other interfaces a CLI's calls to its vendor end at once; with them they would leave the machine."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    assert not others, f"run these with `make clients`: there is a network here ({', '.join(others)})"
    assert MODULES.is_dir(), "run these with `make clients`: the CLIs are not installed"
