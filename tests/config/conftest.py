from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ccproxy.config import Config, ConfigError, load_config

type Load = Callable[..., Config]
type Complaints = Callable[..., list[str]]


def auth(config: Config, name: str) -> Any:
    """The `auth` of a provider, of whichever form."""
    return config.providers[name].auth


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a configuration from a YAML text, a dict of environment variables and a dict of flags."""

    def loaded(text: str | bytes = "", environ: dict[str, str] | None = None, **flags: Any) -> Config:
        file = tmp_path / "ccproxy.yaml"
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return load_config(flags, tmp_path, environ or {})

    return loaded


@pytest.fixture
def complaints(load: Load, tmp_path: Path) -> Complaints:
    """What is wrong with a configuration, a line each, without the path of the file."""

    def said(*args: Any, **flags: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*args, **flags)
        assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
        return str(caught.value).replace(f"{tmp_path}/ccproxy.yaml:", "").splitlines()

    return said
