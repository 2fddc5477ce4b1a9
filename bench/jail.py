"""What the capture jail costs, beside no proxy and beside a regular proxy (mitmdump), in one run.

    .venv/bin/python -m bench.jail [--rounds N] [--json]

Everything runs in a network namespace without a way out, with an internet of its own; see tests/support/outer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.outer import Outer, Running, people
from tests.support.outer.outer import scripts

REQUESTS = 300
DOWNLOAD = 200_000_000
JAILS = 10
CONFIG = "ccproxy:\n  jail:\n    allow_addresses: ['198.18.0.0/15']\n"
URL = "https://h1.example.test"
LATENCY = f"""
import http.client, ssl, statistics, sys, time
proxy = sys.argv[1:]
context = ssl.create_default_context()
host, port = proxy if proxy else ("h1.example.test", 443)
connection = http.client.HTTPSConnection(host, int(port), context=context)
if proxy:
    connection.set_tunnel("h1.example.test", 443)
took = []
for number in range({REQUESTS} + 20):
    begin = time.perf_counter()
    connection.request("GET", "/bytes/1000")
    connection.getresponse().read()
    took.append(time.perf_counter() - begin)
print(statistics.median(took[20:]) * 1000)
"""


class Bench:
    """One daemon, one regular proxy, and the ways through them."""

    def __init__(self, outer: Outer) -> None:
        self._outer = outer
        home = outer.root / "home"
        for name in ("config/ccproxy", "run", "state"):
            (home / name).mkdir(parents=True, mode=0o700)
        (home / "config/ccproxy/ccproxy.yaml").write_text(CONFIG)
        outer.person.own(home)
        self._env = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "XDG_STATE_HOME": str(home / "state"),
        }
        self._state = home / "state/ccproxy/mitmproxy"

    def start(self) -> None:
        """Starts the daemon, and mitmdump with the daemon's certificate authority."""
        self._outer.popen([scripts("ccproxy"), "start"], self._env, stderr=(self._outer.root / "daemon.log").open("wb"))
        self._outer.until(lambda: self.run(["ccproxy", "run", "-i", "--", "true"]).returncode == 0, 30)
        trusted = f"ssl_verify_upstream_trusted_ca={self._outer.ca}"
        listen = ["-p", "8080", "--listen-host", "127.0.0.1", "-q", "--set", f"confdir={self._state}"]
        self._outer.popen([scripts("mitmdump"), *listen, "--set", trusted, "--set", "stream_large_bodies=1"], self._env)
        ready = [*ways()["regular proxy"], "curl", "-sS", "-x", "http://127.0.0.1:8080", f"{URL}/"]
        self._outer.until(lambda: self.run(ready, self._proxied).returncode == 0, 30)

    @property
    def _proxied(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self._state / "mitmproxy-ca-cert.pem")}

    def run(self, command: Sequence[str], env: dict[str, str] | None = None) -> Any:
        """Runs a command to its end."""
        return self._outer.run(command, self._env | (env or {}), timeout=120)

    def popen(self, command: Sequence[str]) -> Running:
        """Starts a command."""
        return self._outer.popen(command, self._env)

    def seconds(self, command: Sequence[str], env: dict[str, str] | None = None) -> float:
        """How long a command takes, without what it takes to enter the namespace."""
        timed = [
            "sh",
            "-c",
            'a=$(date +%s%N); "$@" >&2; r=$?; b=$(date +%s%N); echo $((b - a)); exit $r',
            "sh",
            *command,
        ]
        done = self.run(timed, env)
        assert done.returncode == 0, done.stderr[-2000:]
        return int(done.stdout) / 1e9

    def latency(self, way: str) -> float:
        """Milliseconds of a kept-alive request, the median of many."""
        proxy = ["127.0.0.1", "8080"] if way == "regular proxy" else []
        env = self._proxied if proxy else {}
        done = self.run([*ways()[way], "python", "-c", LATENCY, *proxy], env)
        assert done.returncode == 0, done.stderr[-2000:]
        return float(done.stdout)

    def download(self, way: str) -> float:
        """MB/s of a large answer."""
        proxy = ["-x", "http://127.0.0.1:8080"] if way == "regular proxy" else []
        command = [*ways()[way], "curl", "-sS", "-o", "/dev/null", "-w", "%{speed_download}", *proxy]
        done = self.run([*command, f"{URL}/bytes/{DOWNLOAD}"], self._proxied if proxy else {})
        assert done.returncode == 0, done.stderr[-2000:]
        return float(done.stdout) / 1e6

    def together(self) -> float:
        """Seconds for many jails at once, each with a request. All must succeed."""
        begin = time.perf_counter()
        jails = [self.popen(["ccproxy", "run", "-i", "--", "curl", "-sSf", f"{URL}/"]) for _ in range(JAILS)]
        codes = [jail.wait(60) for jail in jails]
        assert codes == [0] * JAILS, codes
        return time.perf_counter() - begin

    def memory(self) -> tuple[float, float]:
        """MB of one jail's own processes: resident, and with shared pages shared out (PSS)."""
        jail = self.popen(["ccproxy", "run", "-i", "--", "sleep", "20"])
        processes = self._outer.until(lambda: [p for p in tree(jail.pid) if "sleep" not in name(p)], 5)
        time.sleep(2)
        processes = [p for p in tree(jail.pid) if "sleep" not in name(p)]
        sizes = [sum(field(p, f"{kind}:") for p in processes) / 1024 for kind in ("Rss", "Pss")]
        jail.terminate()
        jail.wait(10)
        return sizes[0], sizes[1]


def ways() -> dict[str, list[str]]:
    """What stands before a command."""
    return {"direct": [], "regular proxy": [], "jail": ["ccproxy", "run", "-i", "--"]}


def tree(pid: int) -> list[int]:
    """A process and those below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in below for each in tree(int(child)))]


def name(pid: int) -> str:
    """What a process is called."""
    return Path(f"/proc/{pid}/comm").read_text()


def field(pid: int, wanted: str) -> int:
    """Kilobytes of a process, of one kind."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(wanted))


def median(measure: Callable[[], float], rounds: int) -> float:
    """The median of some rounds."""
    return statistics.median(measure() for _ in range(rounds))


def measure(bench: Bench, rounds: int) -> dict[str, dict[str, float]]:
    """All figures, by row and way."""
    jail = ways()["jail"]
    return {
        "/bin/true, ms": {
            "direct": median(lambda: bench.seconds(["/bin/true"]), rounds * 3) * 1000,
            "jail": median(lambda: bench.seconds([*jail, "/bin/true"]), rounds * 3) * 1000,
        },
        "kept-alive request, ms": {way: median(lambda: bench.latency(way), rounds) for way in ways()},  # noqa: B023
        "download, MB/s": {way: median(lambda: bench.download(way), rounds) for way in ways()},  # noqa: B023
        f"{JAILS} jails at once, s": {"jail": median(bench.together, rounds)},
        "memory of a jail, MB (RSS)": {"jail": bench.memory()[0]},
        "memory of a jail, MB (PSS)": {"jail": bench.memory()[1]},
    }


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures as a table."""
    lines = [f"{'':28}" + "".join(f"{way:>16}" for way in ways())]
    for row, found in figures.items():
        cells = (f"{found[way]:16.1f}" if way in found else f"{'':16}" for way in ways())
        lines.append(f"{row:28}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with Outer(people()[-1]) as outer:
        bench = Bench(outer)
        bench.start()
        figures = measure(bench, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else table(figures))


if __name__ == "__main__":
    main()
