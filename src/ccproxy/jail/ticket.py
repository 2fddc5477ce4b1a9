"""What a jail and the daemon tell each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

ADDRESS4, ADDRESS6 = "10.0.0.1", "fd00:cc:cc::1"
"""The jail's own addresses inside its tunnel. Every jail has the same: each has a tunnel and a listener of its own."""
DNS_ADDRESS = "10.0.0.53"
"""Queries to this address are answered by the daemon, as with mitmproxy's WireGuard mode."""
MTU = 1420
HIGHEST_PID = 1 << 22
"""PID_MAX_LIMIT, <linux/threads.h>."""


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


FITS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str),
    "command": _are_texts,
    "pid": lambda value: type(value) is int and 0 <= value <= HIGHEST_PID,
    "only_hosts": _are_texts,
    "deny_hosts": _are_texts,
    "keylog": lambda value: isinstance(value, bool),
}
"""What the members of a request are."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the daemon is asked for. Lists that are empty leave the configuration's own in force."""

    name: str
    command: tuple[str, ...]
    pid: int
    """The process that holds the jail, as the host numbers it."""
    only_hosts: tuple[str, ...] = ()
    """Globs. If there are any, no other host can be reached."""
    deny_hosts: tuple[str, ...] = ()
    keylog: bool = False
    """Whether the daemon writes the secrets of this jail's TLS connections into its `tls.keylog`."""

    def as_json(self) -> dict[str, Any]:
        """It in plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """The inverse of `as_json`. Raises ValueError for anything else."""
        given: dict[str, Any] = {"command": [], "only_hosts": [], "deny_hosts": [], "keylog": False}
        given |= value if isinstance(value, dict) else {}
        known: dict[str, Any] = {name: given.get(name) for name in cls.__dataclass_fields__}
        if wrong := [name for name, each in known.items() if not FITS[name](each)]:
            raise ValueError(f"{wrong[0]} is not what it should be")
        lists: dict[str, Any] = {name: tuple(each) for name, each in known.items() if isinstance(each, list)}
        return cls(**known | lists)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the daemon gives: one listener, which exists as long as the connection on which it was asked for."""

    name: str
    """The jail's name, unique among those that run."""
    host: str
    port: int
    """The daemon's WireGuard listener (UDP)."""
    private_key: str
    """The jail's own key, base64 as in WireGuard's files."""
    peer_key: str
    """The daemon's public key."""
    ca: str
    """The certificate of ccproxy's CA, PEM."""
    ipv6: bool
    """Whether the host has IPv6: mitmproxy accepts a connection before it dials, so a jail must not try in vain."""
    proxy_port: int
    """The reverse listener's port, for clients with a base URL."""
    proxy_host: str = "127.0.0.1"
    keylog: str | None = None
    """Directory of the key logs, if they are to be written; the jail's own file in it is `wg.keylog`."""
    strict: bool = False
    """These four as the daemon is configured; the command line may add to them."""
    publish: tuple[int, ...] = ()
    publish_auto: bool = True
    allow: tuple[int, ...] = ()
    masked: tuple[str, ...] = ()
    """Directories of the daemon's own that no jailed program is to see: its CA's key, its key logs."""

    def as_json(self) -> dict[str, Any]:
        """It in plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `as_json`; members that this version does not know are passed over."""
        known: dict[str, Any] = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        lists = {name: tuple(each) for name, each in known.items() if isinstance(each, list)}
        return cls(**known | lists)
