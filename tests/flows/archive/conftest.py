from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.flows.archive.store import Archive


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "flows.db"


@pytest.fixture
def archive(path: Path) -> Iterator[Archive]:
    opened = Archive.open(path)
    yield opened
    opened.close()
