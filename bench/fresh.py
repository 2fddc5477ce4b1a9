"""Buffered requests with a new client connection for each: what the harness's own `buf` rows do over kept ones.

Runs between the harness's provider and its targets, in turn, and prints medians with their ratios.

    bench/fresh.py HARNESS [options of the harness's run.py: --work, --target, --baseline, --ccproxy-cmd, --rounds]
"""

from __future__ import annotations

import importlib
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

CONNECTIONS = (1, 64)
SECONDS = 2.5
FIGURES = {
    "req/s": lambda r: r["streams_s"],
    "first byte p50 ms": lambda r: r["ttfb_ms"][0],
    "CPU µs/req": lambda r: r["cpu_s"] * 1e6 / max(r["streams"], 1),
}


def measure(bench: Any, names: list[str], rounds: int) -> dict[tuple[str, int], list[dict[str, Any]]]:
    results: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    bench.provider(False)
    for name in names:
        bench.prepare(name)
        bench.start(name)
    for name in names:
        bench.sse(name, bench.T[name]["ant"], 0, 0, 1, dur=1.0, nokeep=True)  # warms up, and lets the rest load
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for name in names:
                family = bench.T[name]["ant"]
                result = bench.sse(name, family, 0, 0, connections, dur=SECONDS, tmax=30, nokeep=True)
                results[name, connections].append(result)
    return results


def table(results: dict[tuple[str, int], list[dict[str, Any]]], names: list[str]) -> str:
    lines = ["| test | metric | " + " | ".join(names) + " | errors |", "|---" * (len(names) + 3) + "|"]
    for connections in CONNECTIONS:
        errors = sum(r["errors"] for name in names for r in results[name, connections])
        for label, figure in FIGURES.items():
            medians = [statistics.median(figure(r) for r in results[name, connections]) for name in names]
            cells = [f"{m:.4g}" + (f" ({medians[0] / m:.3g})" if i else "") for i, m in enumerate(medians)]
            lines.append(f"| buf_new_c{connections} | {label} | " + " | ".join(cells) + f" | {errors} |")
    return "\n".join(lines)


def main() -> None:
    harness = Path(sys.argv.pop(1)).resolve()
    sys.path.insert(0, str(harness))
    sys.dont_write_bytecode = True
    sys.argv += ["--tests", "sse"]
    run = importlib.import_module("run")
    options, names = run.args()
    bench = run.Bench(options)
    names = [name for name in names if "ant" in bench.T[name]]  # the family of requests that is sent
    try:
        results = measure(bench, names, options.rounds)
    finally:
        bench.close()
    print("\nA new client connection for each request (in brackets: ccproxy ÷ the other)\n")
    print(table(results, names))


if __name__ == "__main__":
    main()
