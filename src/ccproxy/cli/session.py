"""What the global options say, and what follows from them: the configuration and the way to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.cli.grammar import CommandError

if TYPE_CHECKING:
    from ccproxy.cli.control import Control
    from ccproxy.config import Config


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the program. Nothing is read before it is asked for."""

    directory: Path | None
    """The --config option."""
    verbose: bool

    def config_dir(self) -> Path:
        """The configuration's directory; it need not exist."""
        from ccproxy.config import config_dir

        return config_dir(self.directory)

    def config(self, flags: Mapping[str, object] | None = None) -> Config:
        """Read the configuration; `flags` (dotted keys) beat all else. Raises ConfigError."""
        from ccproxy.config import load_config

        return load_config(flags, self.config_dir())

    def control(self) -> Control:
        """The way to the daemon of this configuration, whether it runs or not.

        Raises CommandError if there is no directory for the socket.
        """
        from ccproxy.cli.control import Control
        from ccproxy.config.paths import control_socket

        try:
            return Control(control_socket(self.config_dir()))
        except OSError as error:
            raise CommandError(f"no place for the control socket: {error}", "set XDG_RUNTIME_DIR") from error
