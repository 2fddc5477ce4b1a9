"""A WireGuard listener for another machine or a virtual one: off until it is asked for, with keys of its own.

The keys are kept (0600), so that the other machine's configuration stays good when the daemon is started again.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mitmproxy_rs

from ccproxy.config.paths import state_dir
from ccproxy.jail.errors import JailError
from ccproxy.jail.ticket import ADDRESS4, ADDRESS6, DNS_ADDRESS, MTU, Request

if TYPE_CHECKING:
    from ccproxy.fronts.interceptor.jails import Jails, OpenJail

NAME = "wireguard"
PORT = 51820
FIXES: dict[int | None, str] = {
    errno.EADDRINUSE: "take another port with --port",
    errno.EADDRNOTAVAIL: "name an address that this machine has with --host: `ip address` shows them",
    errno.EACCES: "take a port from 1024 on with --port",
}
CONFIGURATION = """\
[Interface]
PrivateKey = {private_key}
Address = {address4}/32, {address6}/128
DNS = {dns}
MTU = {mtu}

[Peer]
PublicKey = {public_key}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = {endpoint}
PersistentKeepalive = 25
"""


class External:
    """The one listener of this kind."""

    def __init__(self, jails: Jails) -> None:
        self._jails = jails
        self._open: OpenJail | None = None

    async def turn_on(self, host: str, port: int | None) -> dict[str, Any]:
        """Listens on `host:port` and gives the other machine's configuration. Raises JailError, and OSError for the
        keys."""
        await self.turn_off()
        keys = read_keys(state_dir() / "wireguard.json")
        wireguard = mitmproxy_rs.wireguard
        port, shown = PORT if port is None else port, f"[{host}]" if ":" in host else host
        request = Request(NAME, (), os.getpid())
        try:
            self._open = await self._jails.listen(request, host, port, keys["server"], wireguard.pubkey(keys["client"]))
        except OSError as error:
            fix = FIXES.get(error.errno, "see its log: ccproxy logs")
            raise JailError(f"the daemon cannot listen on {shown}:{port} (UDP): {reason(error)}", fix) from error
        config = CONFIGURATION.format(
            private_key=keys["client"],
            public_key=wireguard.pubkey(keys["server"]),
            address4=ADDRESS4,
            address6=ADDRESS6,
            dns=DNS_ADDRESS,
            mtu=MTU,
            endpoint=f"{shown}:{self._open.port}",
        )
        return {"config": config, "listen": [host, self._open.port], "ca": self._jails.ca_file()}

    async def turn_off(self) -> bool:
        """Stops listening; False if it did not."""
        opened, self._open = self._open, None
        if opened is None:
            return False
        await self._jails.close(opened)
        return True


def reason(error: OSError) -> str:
    """The system's words for it, where it has a number."""
    return os.strerror(error.errno) if error.errno else str(error)


def read_keys(path: Path) -> dict[str, str]:
    """The keys of both sides, made at the first use. Raises OSError."""
    try:
        found = json.loads(path.read_text("ascii"))
        return {"server": str(found["server"]), "client": str(found["client"])}
    except FileNotFoundError:
        return make_keys(path)
    except (ValueError, KeyError, TypeError) as error:
        raise OSError(f"{path} is damaged: {error!r}; remove it and new keys are made") from error


def make_keys(path: Path) -> dict[str, str]:
    """New keys, written to a file that only its user can read. Raises OSError."""
    keys = {side: mitmproxy_rs.wireguard.genkey() for side in ("server", "client")}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump(keys, file)
    return keys
