"""Key logs: private files to which several processes append whole lines."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

from ccproxy.jail.errors import JailError
from ccproxy.jail.noise import Identity, State


class KeyLog:
    """A file of secrets, 0600 in a directory 0700. When it cannot be written, it says so once and stops."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Opens the file at its end, made if need be. Raises JailError."""
        self._path, self._say = path, say
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(path, flags, 0o600)
            if S_ISREG(os.fstat(self._fd).st_mode):  # no device loses its mode
                os.fchmod(self._fd, 0o600)
        except OSError as error:
            raise JailError(f"the key log {path} cannot be written: {error.strerror}") from error

    def add(self, *lines: str) -> None:
        """Appends the lines together: what others append stands before or behind them."""
        if self._fd < 0:
            return
        data = "".join(f"{line}\n" for line in lines).encode("ascii")
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            self._give_up(error.strerror or str(error))
            return
        if written < len(data):
            self._give_up("no space left on device")

    def close(self) -> None:
        """Closes the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _give_up(self, reason: str) -> None:
        self._say(f"the key log {self._path} ends here: {reason}; the jail goes on without")
        self.close()


def wireguard_lines(identity: Identity, state: State) -> tuple[str, ...]:
    """One handshake's keys, as Wireshark's `wg.keylog_file` reads them."""
    values = {
        "LOCAL_STATIC_PRIVATE_KEY": identity.private.private_bytes_raw(),
        "REMOTE_STATIC_PUBLIC_KEY": identity.peer,
        "LOCAL_EPHEMERAL_PRIVATE_KEY": state.ephemeral.private_bytes_raw(),
    }
    return tuple(f"{name} = {base64.b64encode(value).decode('ascii')}" for name, value in values.items())
