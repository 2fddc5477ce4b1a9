"""What is seen from inside a real jail."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown
from ccproxy.jail.ticket import DNS_ADDRESS

TIMEOUT_SECONDS = 30.0
TUN = "tun0"
ANSWERS = {3: "a name below .invalid does not exist", 5: "the rules in force refuse the name"}  # RFC 1035 §4.1.1
DROPPED = {"CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21}  # capabilities(7)
OURS = "report it as a fault of ccproxy's, with the output of `ccproxy namespace doctor --json`"


@dataclass(frozen=True, slots=True)
class Inside:
    """What a probe saw, or why there was none."""

    daemon: bool
    """Whether it was a whole jail, with a tunnel into the daemon."""
    seen: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    fix: str = ""


def look(house: House) -> Inside:
    """Builds a jail and has the probe look around in it. Never raises."""
    daemon = house.control is not None
    with ExitStack() as lures:
        asked = {
            "control": None if house.control is None else str(house.control),
            "runtime_dir": str(house.runtime_dir),
            "port": loopback_lure(lures),
            "abstract": abstract_lure(lures),
        }
        command = [sys.executable, "-P", "-m", "ccproxy.jail.rehearsal", json.dumps(asked)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Inside(daemon, error=f"it did not come to an end: {error}", fix=OURS)
    return told(daemon, done)


def told(daemon: bool, done: subprocess.CompletedProcess[str]) -> Inside:
    """What a rehearsal printed."""
    try:
        answer = json.loads(done.stdout.strip().rpartition("\n")[2])
    except ValueError:
        last = done.stderr.strip().rpartition("\n")[2]
        return Inside(daemon, error=last or f"exit status {done.returncode}", fix=OURS)
    return Inside(daemon, answer.get("probe", {}), answer.get("error", ""), answer.get("fix", ""))


def loopback_lure(lures: ExitStack) -> int:
    """The port of a listener on the host's loopback, which no jail may reach; 0 if there can be none."""
    try:
        return int(lures.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])
    except OSError:
        return 0


def abstract_lure(lures: ExitStack) -> str:
    """The name of an abstract Unix socket of the host, which no jail may reach."""
    name = f"ccproxy-doctor-{secrets.token_hex(8)}"
    sock = lures.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    sock.bind(f"\0{name}")
    sock.listen(1)
    return name


def starts(inside: Inside) -> Finding:
    """Whether there was a jail at all."""
    if not inside.seen:
        return failed(inside.error, inside.fix or "mend what failed above first")
    return ok("a command ran in a jail" + ("" if inside.daemon else " without a tunnel"))


def routes(inside: Inside) -> Finding:
    """Whether everything leaves through the tunnel."""
    others = sorted(set(inside.seen["routes"]) - {TUN})
    if others or TUN not in inside.seen["default_routes"]:
        return failed(f"routes lead through {', '.join(others) or 'nothing'}", OURS)
    return ok(f"all lead through {TUN}")


def resolver(inside: Inside) -> Finding:
    """Whether programs ask the daemon for names."""
    if inside.seen["nameservers"] != [DNS_ADDRESS]:
        return failed(f"name servers are {', '.join(inside.seen['nameservers']) or 'none'}", OURS)
    return ok(f"the only name server is {DNS_ADDRESS}, the daemon")


def loopback(inside: Inside) -> Finding:
    """Whether the host's own sockets are out of reach."""
    seen = {"a port of the host's loopback": "host_loopback", "an abstract socket of the host": "host_abstract"}
    if open_ := [what for what, key in seen.items() if inside.seen[key]]:
        return failed(f"{' and '.join(open_)} can be reached", OURS)
    if inside.seen["host_loopback"] is None:
        return unknown("the host itself has no loopback to listen on")
    return ok("neither its loopback nor its abstract sockets can be reached")


def capabilities(inside: Inside) -> Finding:
    """Whether a command can change its jail."""
    sets = inside.seen["capabilities"]
    all_held = int(sets["CapEff"], 16) | int(sets["CapBnd"], 16)
    held = [name for name, bit in DROPPED.items() if all_held >> bit & 1]
    if held:
        return failed(f"a command could get {', '.join(held)}", OURS)
    return ok("a command has none with which it could change its jail")


def tunnel(inside: Inside) -> Finding:
    """Whether the daemon answered the handshake; no command runs before it did."""
    return ok("the handshake with the daemon took place")


def dns(inside: Inside) -> Finding:
    """Whether the daemon answers queries for names."""
    code = inside.seen["dns_code"]
    if code is None:
        return failed("the daemon does not answer queries", "see its log: ccproxy logs")
    if code not in ANSWERS:
        return failed(f"a name that does not exist is answered with code {code}", OURS)
    return ok(f"the daemon answers: {ANSWERS[code]}")


CHECKS = (
    Check("jail_starts", "A jail", "Everything together, as `ccproxy run --inspect` does it.", starts),
    Check("jail_routes", "Its routes", "What left by another way would not be seen.", routes),
    Check("jail_resolver", "Its resolver", "Names asked for elsewhere would not be seen.", resolver),
    Check("jail_host", "The host from inside", "A jailed command is not to reach the host's own services.", loopback),
    Check("jail_capabilities", "Its capabilities", "With these a command could leave its jail.", capabilities),
)
WITH_DAEMON = (
    Check("jail_tunnel", "Its tunnel", "It is the only way out.", tunnel),
    Check("jail_dns", "Its names", "Nothing works by name unless the daemon answers.", dns),
)
