"""The machine: its kernel, what it runs in, and what watches over its processes."""

from __future__ import annotations

import platform
import re

from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown, warning
from ccproxy.jail.fixes import WSL1
from ccproxy.jail.ticket import DNS_ADDRESS

TRIED_FROM = (5, 3)
"""The oldest kernel with all that a jail uses by name (pidfd_open(2))."""
SECCOMP = {"0": "no filter", "1": "strict mode", "2": "a filter"}
LABELS = ("proc/self/attr/apparmor/current", "proc/self/attr/current")
CONFINED = re.compile(r"^(?!unconfined$).+")


def kernel(house: House) -> Finding:
    """Whether the kernel is new enough, and a real one."""
    release = house.read("proc/sys/kernel/osrelease") or platform.release()
    if house.distribution.wsl == 1:
        return failed(f"{release} is WSL 1, which has no namespaces", WSL1)
    number = re.match(r"(\d+)\.(\d+)", release)
    if number is None:
        return unknown(f"{release} is no version that is known")
    if (int(number[1]), int(number[2])) < TRIED_FROM:
        return warning(f"{release} is older than {TRIED_FROM[0]}.{TRIED_FROM[1]}", "update the kernel if a jail fails")
    return ok(f"{release} on {house.distribution.name}" + (", WSL 2" if house.distribution.wsl else ""))


def container(house: House) -> Finding:
    """Whether this is a container. It need not hurt; what it takes away is told by the other checks."""
    kind = house.distribution.container
    return ok(f"in a container ({kind}): its own limits apply" if kind else "no container")


def seccomp(house: House) -> Finding:
    """Whether system calls are filtered already (proc_pid_status(5))."""
    fields = dict(
        line.partition(":")[::2] for line in (house.read("proc/self/status") or "").splitlines() if ":" in line
    )
    mode = fields.get("Seccomp", "").strip()
    if mode not in SECCOMP:
        return unknown("the kernel does not tell")
    filters = fields.get("Seccomp_filters", "").strip()
    told = SECCOMP[mode] + (f" ({filters})" if mode == "2" and filters else "")
    return ok(told if mode == "0" else f"{told} is in force: whether it lets namespaces through is tried below")


def security_modules(house: House) -> Finding:
    """Which security modules run, and whether one confines this process."""
    modules = (house.read("sys/kernel/security/lsm") or "").split(",")
    named = next((text for path in LABELS if (text := house.read(path))), "").rstrip("\0\n")
    label = named.partition(" ")[0]
    if not any(modules):
        return ok("none, or they do not tell")
    told = ", ".join(modules)
    if "apparmor" in modules and CONFINED.match(label):
        return warning(f"{told}; AppArmor confines this process as {named}", "run ccproxy outside of that profile")
    enforcing = house.read("sys/fs/selinux/enforce") == "1"
    return ok(told + ("; SELinux enforces" if enforcing else ""))


def nested(house: House) -> Finding:
    """Whether this is the inside of a jail already: then the answers are about a jail in a jail."""
    servers = re.findall(r"^nameserver\s+(\S+)", house.read("etc/resolv.conf") or "", re.MULTILINE)
    routes = [line.split() for line in (house.read("proc/net/route") or "").splitlines()[1:]]
    if servers == [DNS_ADDRESS] and any(fields[:2] == ["tun0", "00000000"] for fields in routes):
        return warning("this is a capture jail already", "leave it first: what is found here holds for a jail in it")
    return ok("no")


def ciphers(house: House) -> Finding:
    """Whether the ciphers of WireGuard can be had; OpenSSL in FIPS mode has none of them."""
    try:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        key, peer = X25519PrivateKey.generate(), X25519PrivateKey.generate().public_key()
        ChaCha20Poly1305(key.exchange(peer)).encrypt(bytes(12), b"", b"")
    except Exception as error:  # noqa: BLE001 - OpenSSL's refusals are of many classes
        return failed(f"{type(error).__name__}: {error}", "run ccproxy with an OpenSSL that is not in FIPS mode")
    return ok("X25519 and ChaCha20-Poly1305 work")


CHECKS = (
    Check("kernel", "Kernel", "A jail is made of Linux namespaces.", kernel),
    Check("container", "Container", "Containers take away what jails are made of.", container),
    Check("seccomp", "System call filter", "A filter can refuse the calls that make namespaces.", seccomp),
    Check(
        "security_modules",
        "Security modules",
        "AppArmor and SELinux can refuse what the kernel allows.",
        security_modules,
    ),
    Check("nested", "Inside a jail", "A jail in a jail is captured twice.", nested),
    Check("ciphers", "Ciphers", "The tunnel is WireGuard, which has one set of ciphers.", ciphers),
)
