"""Everything here needs namespaces of its own, and programs that Python does not bring."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is in this directory."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.jail)
