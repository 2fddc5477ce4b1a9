from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.jail.trust.site import serve
from tests.support.tls import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Plays ccproxy's CA."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def site(authority: Authority) -> Iterator[str]:
    with serve(authority.server_context()) as url:
        yield url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    return shelf
