"""Where ccproxy's files are (XDG Base Directory Specification, https://specifications.freedesktop.org/basedir-spec/)."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

FILE_NAME = "ccproxy.yaml"
CERTIFICATE = "ca.pem"
"""As in `jail.trust`."""


def config_dir(flag: Path | None = None) -> Path:
    """`--config`, else $CCPROXY_CONFIG_DIR, else $XDG_CONFIG_HOME/ccproxy, else ~/.config/ccproxy. Absolute."""
    chosen = flag or _from_environment("CCPROXY_CONFIG_DIR") or _xdg("XDG_CONFIG_HOME", ".config") / "ccproxy"
    with suppress(RuntimeError):  # `~somebody` who does not exist is a name like any other
        chosen = chosen.expanduser()
    return chosen.absolute()


def state_dir() -> Path:
    """$XDG_STATE_HOME/ccproxy, else ~/.local/state/ccproxy: what outlives the daemon. It may not exist yet."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "ccproxy"


def archive_path() -> Path:
    """The file of the flow archive. It may not exist."""
    return state_dir() / "flows.db"


def runtime_dir() -> Path:
    """The directory of sockets, made if need be, 0700. Raises PermissionError if it belongs to somebody else.

    $XDG_RUNTIME_DIR/ccproxy, else /run/user/UID/ccproxy if that can be written, else ccproxy-UID among the temporary
    files.
    """
    directory = _runtime_dir()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{directory} is not a directory of this user: set XDG_RUNTIME_DIR to one that is")
    if stat.S_IMODE(status.st_mode) != 0o700:
        directory.chmod(0o700)
    return directory


def inside_jail() -> bool:
    """Whether this process runs in a capture jail: where the sockets are, it has ccproxy's certificate instead."""
    return (runtime_dir() / CERTIFICATE).exists()


def control_socket(config_dir: Path) -> Path:
    """The Unix socket of the daemon that runs with this configuration directory."""
    from hashlib import sha256  # loads OpenSSL

    name = sha256(os.fsencode(config_dir.resolve())).hexdigest()[:8]
    return runtime_dir() / f"control-{name}.sock"


def _runtime_dir() -> Path:
    if given := _from_environment("XDG_RUNTIME_DIR"):
        return given / "ccproxy"
    usual = Path("/run/user", str(os.getuid()))
    if os.access(usual, os.W_OK | os.X_OK):
        return usual / "ccproxy"
    from tempfile import gettempdir  # a slow import for a rare case

    return Path(gettempdir(), f"ccproxy-{os.getuid()}")


def _xdg(variable: str, default: str) -> Path:
    """The variable's path; the specification wants relative ones to be ignored."""
    given = _from_environment(variable)
    return given if given and given.is_absolute() else Path.home() / default


def _from_environment(variable: str) -> Path | None:
    """The path in a variable; None if it is unset or empty."""
    value = os.environ.get(variable)
    return Path(value) if value else None
