"""Start-up, idle memory and the command line: the figures that need no load.

Starts the daemon a few times with the simulator as its provider, in a home of its own, and prints medians.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
CCPROXY = [str(Path(sys.executable).parent / "ccproxy")]
CONFIG = {"ccproxy": {"port": 0, "inspector": {"port": 0}, "providers": {"sim": {"type": "simulator"}}}}
ASK = {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("POST", "/v1/messages", json.dumps(ASK), {"x-api-key": "sk-ant-oat-ccproxy-sim"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def resident_mb(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:")) / 1024


def status(env: dict[str, str]) -> tuple[float, dict[str, object]]:
    begun = time.perf_counter()
    out = subprocess.run([*CCPROXY, "status", "--json"], env=env, capture_output=True, check=True, timeout=20).stdout
    return time.perf_counter() - begun, json.loads(out)


def plain_status(env: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run([*CCPROXY, "status"], env=env, capture_output=True, check=True, timeout=20)
    return time.perf_counter() - begun


def one_run(env: dict[str, str], port: int) -> dict[str, float]:
    begun = time.perf_counter()
    daemon = subprocess.Popen([*CCPROXY, "start"], env=env, stderr=subprocess.DEVNULL)
    try:
        while not answers(port) and time.perf_counter() - begun < 20:
            time.sleep(0.005)
        first = time.perf_counter() - begun
        while not status(env)[1]["inspector"]["running"] and time.perf_counter() - begun < 20:  # type: ignore[index]
            time.sleep(0.05)
        loaded = time.perf_counter() - begun
        time.sleep(1)
        figures = {
            "first answer s": first,
            "inspector loaded s": loaded,
            "RSS idle MB, inspector loaded": resident_mb(daemon.pid),
            "ccproxy status s": statistics.median(plain_status(env) for _ in range(5)),
        }
    finally:
        daemon.send_signal(signal.SIGTERM)
        stopped = time.perf_counter()
        daemon.wait(20)
    return figures | {"stop s": time.perf_counter() - stopped}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ccproxy-bench-") as folder:
        home = Path(folder)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CCPROXY_", "PYTHONDONTWRITEBYTECODE"))}
        env |= dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "CCPROXY_CONFIG_DIR"), folder)
        port = free_port()
        CONFIG["ccproxy"]["port"], CONFIG["ccproxy"]["inspector"] = port, {"port": free_port()}
        (home / "ccproxy.yaml").write_text(json.dumps(CONFIG))
        runs = [one_run(env, port) for _ in range(RUNS + 1)][1:]  # the first makes keys and bytecode
    print(f"ccproxy alone, medians of {RUNS} starts")
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"  {name:32} {statistics.median(values):8.3f}   ({min(values):.3f} … {max(values):.3f})")


if __name__ == "__main__":
    main()
