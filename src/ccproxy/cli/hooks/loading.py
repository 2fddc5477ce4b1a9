"""Loading hooks in this process, as the daemon would."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccproxy.config import Config
    from ccproxy.pipeline.live import Load


def load(config: Config) -> Load:
    """The hooks of a configuration. Runs the code of their modules. Raises ConfigError."""
    from ccproxy.pipeline.live import load_pipeline

    with output_aside():
        return load_pipeline(config)


def describe(config: Config) -> tuple[dict[str, Any], list[str]]:
    """The pipeline of a configuration as `Pipeline.describe` tells it, or else the problems, a line each."""
    from ccproxy.config import ConfigError

    try:
        return load(config).pipeline.describe(), []
    except ConfigError as error:
        return {}, str(error).splitlines()


@contextlib.contextmanager
def output_aside() -> Iterator[None]:
    """What the hooks' code prints goes to standard error: standard output is the command's own."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
