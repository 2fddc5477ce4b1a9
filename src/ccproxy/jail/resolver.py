"""The files that say how names are resolved, as a jail has them: by the daemon, and by nobody else."""

from __future__ import annotations

from pathlib import Path

from ccproxy.jail.ticket import DNS_ADDRESS

RESOLV_CONF = "/etc/resolv.conf"
NSSWITCH = ("/etc/nsswitch.conf", "/usr/etc/nsswitch.conf")
KEPT = ("search", "domain")
"""Lines of resolv.conf(5) that hold inside too."""
HOSTS = "hosts: files dns"
DAEMONS = ("/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/avahi-daemon", "/var/run/avahi-daemon")
"""Directories of resolvers of the host that are asked over Unix sockets."""


def files() -> dict[str, bytes]:
    """Absolute path -> content, made from what the host has."""
    switches = {path: switch(text) for path in NSSWITCH if (text := _text(path)) is not None}
    return {RESOLV_CONF: resolv_conf(_text(RESOLV_CONF) or b""), **switches}


def resolv_conf(host: bytes) -> bytes:
    """The daemon as the only server, with the host's search list."""
    lines = [b"nameserver " + DNS_ADDRESS.encode(), b"options timeout:2" + _dots(host)]
    lines += [line for line in host.splitlines() if line.split()[:1] in [[name.encode()] for name in KEPT]]
    return b"\n".join(lines) + b"\n"


def _dots(host: bytes) -> bytes:
    """The option `ndots`, if it is set: it decides whether the search list is used."""
    options = [word for line in host.splitlines() if line.startswith(b"options") for word in line.split()[1:]]
    return b"".join(b" " + word for word in options if word.startswith(b"ndots:"))


def switch(host: bytes) -> bytes:
    """nsswitch.conf(5) with no other source of host names than files and DNS."""
    others = [line for line in host.splitlines() if line.strip().partition(b":")[0].strip() != b"hosts"]
    return b"\n".join([*others, HOSTS.encode()]) + b"\n"


def _text(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
