"""The host's network, as far as jails depend on it: IPv6 and how names are looked up."""

from __future__ import annotations

import os
import re
import socket

from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, warning

RESOLV_CONF = "etc/resolv.conf"
FARAWAY = ("2001:db8::1", 9)
"""An address that nobody has (RFC 3849). Connecting a datagram socket sends nothing: it only looks for a route."""
NAME_SERVICES = {
    "run/nscd/socket": "nscd",
    "var/run/nscd/socket": "nscd",
    "run/systemd/resolve/io.systemd.Resolve": "systemd-resolved",
    "run/avahi-daemon/socket": "Avahi",
    "run/.nscd_socket": "nscd",
}
"""Sockets through which a program can look names up past any resolver configuration."""


def ipv6(house: House) -> Finding:
    """Whether the kernel has IPv6 and the host a way out with it. A jail gets IPv6 only then."""
    if house.read("proc/net/if_inet6") is None:
        return ok("the kernel has none: jails get IPv4 only")
    if house.read("proc/sys/net/ipv6/conf/all/disable_ipv6") == "1":
        return ok("it is switched off: jails get IPv4 only")
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect(FARAWAY)
    except OSError:
        return ok("the host has no way out with it: jails get IPv4 only")
    return ok("the host has an address and a route: jails get it as well")


def resolver(house: House) -> Finding:
    """Whether the host can look names up: the daemon does it for jails, and jails have a file in the same place."""
    path = house.root / RESOLV_CONF
    content = house.read(RESOLV_CONF)
    if content is None and path.is_symlink():
        target = path.readlink()
        return failed(f"/{RESOLV_CONF} leads to {target}, which is not there", house.fix("resolver"))
    if content is None:
        return failed(f"/{RESOLV_CONF} {'cannot be read' if path.exists() else 'is missing'}", house.fix("resolver"))
    servers = re.findall(r"^\s*nameserver\s+(\S+)", content, re.MULTILINE)
    if not servers:
        return warning(f"/{RESOLV_CONF} names no server: the host asks itself", house.fix("resolver"))
    leads = f" ({os.path.realpath(path)})" if path.is_symlink() else ""
    return ok(f"{', '.join(servers)}{leads}")


def name_services(house: House) -> Finding:
    """Which programs of the host answer for names on sockets; they are hidden in a jail."""
    found = sorted({name for path, name in NAME_SERVICES.items() if (house.root / path).exists()})
    return ok(f"{' and '.join(found)}: hidden in jails" if found else "none that answers on a socket")


CHECKS = (
    Check("ipv6", "IPv6", "A jail with IPv6 on a host without waits in vain for each connection.", ipv6),
    Check("resolver", "Resolver", "The daemon looks names up for jails as the host does.", resolver),
    Check("name_services", "Name services", "A look-up through a socket would pass the jail by.", name_services),
)
