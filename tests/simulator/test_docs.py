"""What the documentation says about the simulator."""

from __future__ import annotations

import re
from pathlib import Path

import ccproxy.simulator
from ccproxy.simulator.markers import SETTERS

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def test_every_marker_is_documented() -> None:
    table = re.findall(r"^\| `SIM_([A-Z_]+)", PAGE.read_text(), re.MULTILINE)
    assert set(table) == set(SETTERS)
    assert set(re.findall(r"SIM_([A-Z_]+)", ccproxy.simulator.__doc__ or "")) == set(SETTERS)
