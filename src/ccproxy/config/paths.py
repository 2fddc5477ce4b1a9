"""Where ccproxy's files are (XDG Base Directory Specification)."""

from __future__ import annotations

import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

FILE_NAME = "ccproxy.yaml"


def config_dir(flag: Path | None = None) -> Path:
    """`--config`, else $CCPROXY_CONFIG_DIR, else $XDG_CONFIG_HOME/ccproxy, else ~/.config/ccproxy. Absolute."""
    chosen = flag or _environment_path("CCPROXY_CONFIG_DIR")
    return Path(chosen or _xdg("XDG_CONFIG_HOME", ".config") / "ccproxy").expanduser().absolute()


def state_dir() -> Path:
    """$XDG_STATE_HOME/ccproxy, else ~/.local/state/ccproxy: what outlives the daemon. It may not exist yet."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "ccproxy"


def runtime_dir() -> Path:
    """Directory of sockets, made if need be, 0700 and ours. Raises PermissionError if somebody else owns it.

    $XDG_RUNTIME_DIR/ccproxy, else /run/user/UID/ccproxy if that can be written, else TMPDIR/ccproxy-UID.
    """
    directory = _runtime_parent()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{directory} is not a directory of this user: set XDG_RUNTIME_DIR to one that is")
    if stat.S_IMODE(status.st_mode) != 0o700:
        directory.chmod(0o700)
    return directory


def control_socket(config_dir: Path) -> Path:
    """The Unix socket of the daemon that runs with this configuration directory."""
    name = sha256(os.fsencode(config_dir.resolve())).hexdigest()[:8]
    return runtime_dir() / f"control-{name}.sock"


def _runtime_parent() -> Path:
    if given := _environment_path("XDG_RUNTIME_DIR"):
        return given / "ccproxy"
    usual = Path("/run/user", str(os.getuid()))
    if os.access(usual, os.W_OK | os.X_OK):
        return usual / "ccproxy"
    return Path(tempfile.gettempdir(), f"ccproxy-{os.getuid()}")


def _xdg(variable: str, default: str) -> Path:
    return _environment_path(variable) or Path.home() / default


def _environment_path(variable: str) -> Path | None:
    """The path in a variable; None if it is unset or empty."""
    value = os.environ.get(variable)
    return Path(value) if value else None
