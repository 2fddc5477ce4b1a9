"""The ways out of a jail: where to, by what, and what must become of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.jail.leaks.canary import TCP_PORT, UDP_PORT

BLOCKED, CAPTURED, ANSWERED = "blocked", "captured", "answered locally"
LEAK = "LEAK"


@dataclass(frozen=True, eq=False)
class Row:
    """One way out. `probe` is a function of `probes`, with its arguments; `{…}` in them are facts of the run."""

    target: str
    protocol: str
    expected: str | tuple[str, ...]
    probe: str
    arguments: dict[str, Any] = field(default_factory=dict)
    strict: bool = False
    """Whether it is closed only by `--strict`."""
    known_as: str = ""
    """How the daemon's record names it, if not by its address."""

    @property
    def address(self) -> str | None:
        """Where packets go, if they do."""
        return self.arguments.get("host")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The results that are right: more than one where root can do what others cannot."""
        return (self.expected,) if isinstance(self.expected, str) else self.expected

    @property
    def id(self) -> str:
        """Its name among the tests."""
        return f"{self.target}, {self.protocol}"


def tcp(target: str, host: str, expected: str = BLOCKED, port: Any = TCP_PORT, **more: Any) -> Row:
    """A TCP connection."""
    return Row(target, "TCP", expected, "tcp", {"host": host, "port": port} | more)


def udp(target: str, host: str, expected: str = BLOCKED, port: Any = UDP_PORT) -> Row:
    """A datagram."""
    return Row(target, "UDP", expected, "udp", {"host": host, "port": port})


def http(target: str, host: str, name: str) -> Row:
    """A request for a host that is not that of its address."""
    request = {"host": host, "port": 80, "send": f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n"}
    return Row(target, "HTTP", CAPTURED, "tcp", request, known_as=name.partition(":")[0])


def packet(target: str, host: str, port: Any = UDP_PORT) -> Row:
    """A datagram for an address that the kernel would not send into the tunnel. Only root can make one."""
    return Row(target, "hand-made UDP", BLOCKED, "packet_udp", {"host": host, "port": port})


HOST = [
    tcp("the host's loopback", "127.0.0.1"),
    udp("the host's loopback", "127.0.0.1"),
    tcp("the host's loopback, v6", "::1"),
    udp("the host's loopback, v6", "::1"),
    tcp("the host's loopback, other address", "127.9.8.7"),
    tcp("the host's loopback, mapped", "::ffff:127.0.0.1"),
    tcp("no address at all", "0.0.0.0"),
    tcp("the host's loopback, by a public name", "127-0-0-1.ip.test"),
    udp("the WireGuard listener", "127.0.0.1", port="{wireguard_port}"),
    tcp("the WireGuard listener", "127.0.0.1", port="{wireguard_port}"),
    tcp("the tunnel's far side", "10.0.0.53"),
    tcp("another interface of the host", "192.168.77.1"),
    udp("another interface of the host", "192.168.77.1"),
    tcp("another interface of the host, v6", "fd77::1"),
    udp("another interface of the host, v6", "fd77::1"),
    tcp("another interface, by a public name", "192-168-77-1.ip.test"),
    tcp("the daemon's own port", "127.0.0.1", ANSWERED, "{daemon_port}", send="GET /health HTTP/1.0\r\n\r\n"),
]
PRIVATE = [
    tcp("10.0.0.0/8", "10.99.1.1"),
    udp("10.0.0.0/8", "10.99.1.2"),
    tcp("172.16.0.0/12", "172.20.1.1"),
    tcp("192.168.0.0/16", "192.168.99.1"),
    udp("192.168.0.0/16", "192.168.99.2"),
    tcp("link-local (cloud metadata)", "169.254.169.254", port=80, send="GET / HTTP/1.0\r\n\r\n"),
    tcp("shared address space", "100.64.1.1"),
    tcp("unique local, v6", "fd99::1"),
    tcp("a private address, by a public name", "10-99-1-7.ip.test"),
    Row("a private resolver", "DNS over UDP", BLOCKED, "dns_udp", {"host": "192.168.99.53"}),
    Row("a private resolver", "DNS over TCP", BLOCKED, "dns_tcp", {"host": "192.168.99.54"}),
]
INTERNET = [
    tcp("the internet", "198.18.40.1", CAPTURED, 7),
    http("the internet, plain HTTP", "198.18.40.2", "plain.example.test"),
    http("the internet, HTTP for another host", "198.18.40.3", "127.0.0.1:7777"),
    tcp("the internet, v6", "2001:db8:40::1", CAPTURED, 7),
    udp("the internet", "198.18.40.4", CAPTURED, 9999),
    udp("the internet, v6", "2001:db8:40::2", CAPTURED, 9999),
    Row("another resolver", "DNS over UDP", CAPTURED, "dns_udp", {"host": "198.18.40.53"}),
    Row("another resolver", "DNS over TCP", CAPTURED, "dns_tcp", {"host": "198.18.40.54"}),
    Row("another resolver, v6", "DNS over UDP", CAPTURED, "dns_udp", {"host": "2001:db8:40::53"}),
    Row(
        "the internet",
        "HTTP/3",
        CAPTURED,
        "http3",
        {"host": "198.18.40.5", "name": "leak.h3.test"},
        known_as="leak.h3.test",
    ),
    Row("the internet", "ICMP echo", ANSWERED, "icmp", {"host": "198.18.40.6"}),
    Row("another interface of the host", "ICMP echo", ANSWERED, "icmp", {"host": "192.168.77.1"}),
    Row("the internet, v6", "ICMP echo", BLOCKED, "icmp", {"host": "2001:db8:40::6"}),
    Row("multicast", "UDP", BLOCKED, "multicast", {"host": "224.0.0.251", "port": UDP_PORT}),
    Row("multicast, v6", "UDP", BLOCKED, "multicast", {"host": "ff05::fb", "port": UDP_PORT}),
    Row("broadcast", "UDP", BLOCKED, "multicast", {"host": "255.255.255.255", "port": UDP_PORT}),
    Row("the internet, forged source", "raw IP", (BLOCKED, CAPTURED), "raw_udp", {"host": "198.18.40.7", "port": 9999}),
    Row("the internet", "GRE", BLOCKED, "raw_protocol", {"host": "198.18.40.8", "protocol": 47}),
    Row("the internet", "SCTP", BLOCKED, "raw_protocol", {"host": "198.18.40.9", "protocol": 132}),
]
HAND_MADE = [
    packet("the host's loopback", "127.0.0.1"),
    packet("the host's loopback, v6", "::1"),
    packet("the host's loopback, mapped", "::ffff:127.0.0.1"),
    packet("no address at all", "0.0.0.0"),
    packet("no address at all, v6", "::"),
    packet("another interface of the host", "192.168.77.1"),
    packet("another interface, mapped", "::ffff:192.168.77.1"),
    packet("another interface, compatible", "::192.168.77.1"),
    packet("another interface, through NAT64", "64:ff9b::c0a8:4d01"),
    packet("another interface, through 6to4", "2002:c0a8:4d01::1"),
    packet("the WireGuard listener", "127.0.0.1", "{wireguard_port}"),
]
SOCKETS = [
    Row("a socket of the host without a path", "Unix", BLOCKED, "abstract", {"name": "{mark}"}),
    Row("the daemon's control socket", "Unix", BLOCKED, "path", {"name": "{control_socket}"}),
    Row("packets on the host's interfaces", "AF_PACKET", BLOCKED, "packets", {"mark": "{mark}"}),
    Row("other interfaces", "netlink", BLOCKED, "interfaces"),
    Row("descriptors of the jail's makers", "inherited", BLOCKED, "descriptors"),
    Row("the key of ccproxy's CA", "file", BLOCKED, "file", {"name": "{ca_key}"}),
]
PROCESSES = [
    Row("a process of the same user", "kill", BLOCKED, "kill", {"pid": "{host_pid}"}),
    Row("a process of the same user", "ptrace", BLOCKED, "ptrace", {"pid": "{host_pid}"}),
    Row("a process of the same user", "/proc", BLOCKED, "process", {"pid": "{host_pid}", "mark": "{mark}"}),
    Row("a process of the same user", "pidfd", BLOCKED, "parent_descriptors", {"pid": "{host_pid}"}),
    Row("any process of the host", "/proc", BLOCKED, "processes", {"mark": "{mark}"}),
    Row("the host's network", "setns", BLOCKED, "namespaces"),
    Row("the host's network", "setns by other names", BLOCKED, "host_network"),
]
CHANGES = [
    Row("the jail itself", "mount", BLOCKED, "mount"),
    Row("the host's resolver file", "umount", BLOCKED, "unmount", {"target": "/etc/resolv.conf"}),
    Row("the host's resolver file", "umount as root within", BLOCKED, "unmount_within", {"target": "/etc/resolv.conf"}),
    Row("ccproxy's own files", "umount", BLOCKED, "unmount", {"target": "{runtime}"}),
    Row("ccproxy's own files", "umount as root within", BLOCKED, "unmount_within", {"target": "{runtime}"}),
    Row("the tunnel", "link down", BLOCKED, "link_down"),
    Row("the tunnel", "link down as root within", BLOCKED, "link_down_within"),
    Row("the tunnel", "its device", BLOCKED, "device"),
    Row("another way", "route", BLOCKED, "route"),
    Row("another way", "sysctl", BLOCKED, "setting"),
    Row("another way", "a network of its own", BLOCKED, "new_network", {"host": "198.18.40.10"}),
]
STRICT = [
    Row("a path socket of the host (docker)", "Unix", BLOCKED, "path", {"name": "{docker}"}, True),
    Row("a path socket of the host (ssh-agent)", "Unix", BLOCKED, "path", {"name": "{agent}"}, True),
    Row("a path socket of the host (dbus)", "Unix", BLOCKED, "path", {"name": "{bus}"}, True),
    Row("the hypervisor", "AF_VSOCK", BLOCKED, "family", {"number": 40}, True),
    Row("the kernel's ciphers", "AF_ALG", BLOCKED, "family", {"number": 38, "kind": 5}, True),
    Row("the hypervisor, 32-bit calls", "AF_VSOCK", BLOCKED, "other_numbers", {"number": 40}, True),
    Row("the hypervisor, x32 calls", "AF_VSOCK", BLOCKED, "x32", {"number": 40}, True),
    Row("sockets by rings", "io_uring", BLOCKED, "io_uring", {}, True),
]
ONLY_HOST = "*.good.test"
ONLY = [
    tcp("the one host", "a.good.test", CAPTURED, 80, send="GET / HTTP/1.1\r\nHost: a.good.test\r\n\r\n"),
    tcp("another host", "a.bad.test", port=80, send="GET / HTTP/1.1\r\nHost: a.bad.test\r\n\r\n"),
    tcp("another host, by its address", "198.18.42.1", port=7),
    tcp("another host, by its address, v6", "2001:db8:42::1", port=7),
    udp("another host, by its address", "198.18.42.2", port=9999),
    replace(http("another host, for the one host", "198.18.42.3", "a.good.test"), expected=BLOCKED),
    Row("another host, for the one host", "TLS", BLOCKED, "tls", {"host": "198.18.42.4", "name": "a.good.test"}),
    Row("another host, for the one host", "HTTP/3", BLOCKED, "http3", {"host": "198.18.42.5", "name": "a.good.test"}),
    Row("another resolver", "DNS over UDP", BLOCKED, "dns_udp", {"host": "198.18.42.53"}),
    Row("another resolver", "DNS over TCP", BLOCKED, "dns_tcp", {"host": "198.18.42.54"}),
    Row("whoever answers for a name", "DNS", BLOCKED, "resolve", {"name": "a-secret.bad.test"}),
]
"""With `--only-host`."""
DOWN = [
    tcp("the internet, tunnel down", "198.18.41.1", port=7),
    udp("the internet, tunnel down", "198.18.41.2", port=9999),
    tcp("the internet, tunnel down, v6", "2001:db8:41::1", port=7),
    Row("another resolver, tunnel down", "DNS over UDP", BLOCKED, "dns_udp", {"host": "198.18.41.53"}),
    Row("the internet, tunnel down", "ICMP echo", BLOCKED, "icmp", {"host": "198.18.41.4"}),
    tcp("the host's loopback, tunnel down", "127.0.0.1"),
    tcp("another interface, tunnel down", "192.168.77.1"),
]
"""With the daemon gone."""
WHOLE = Row("anything, tunnel down", "any", BLOCKED, "")
UNRECORDED = Row("anything that has no record", "any", BLOCKED, "")
ROWS = [*HOST, *PRIVATE, *INTERNET, *HAND_MADE, *SOCKETS, *PROCESSES, *CHANGES]
