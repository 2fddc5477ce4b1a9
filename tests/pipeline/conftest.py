from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.users import User


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody with an empty configuration and no hooks of their own."""
    someone = User(tmp_path)
    monkeypatch.syspath_prepend(str(someone.library))
    return someone
