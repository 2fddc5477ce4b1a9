"""The conformance suite with Gemini as it is and with Gemini by way of Code Assist: what passes there passes here.

    python -m tools.code_assist.compare HARNESS OUT COMMAND [ARGUMENT…]

HARNESS is `run` of the conformance suite, OUT a directory for its results, COMMAND starts the proxy. All cases that
involve Gemini are run twice. Exit status 1 if one of them ends differently.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CASES = "^./(gem->|[a-z]+->gem/)"
SHIM = re.compile(r"shim: (\d+) calls, (\d+) refused, (\d+) envelopes")
WIDTH = 200


@dataclass(frozen=True)
class Results:
    """What one run of the harness found."""

    cases: dict[str, dict[str, Any]]
    """By name."""
    log: str
    """What the proxy printed."""

    @property
    def passed(self) -> set[str]:
        """The names of the cases that passed."""
        return {name for name, case in self.cases.items() if case["ok"]}

    def reasons(self, name: str) -> str:
        """Why a case failed, in one line."""
        told = "; ".join(f"{aspect}: {why}" for aspect, why in self.cases[name]["aspects"].items() if why is not None)
        return told[:WIDTH] or "passed"


def run(harness: str, out: Path, command: list[str]) -> Results:
    """One run. Raises SystemExit if the harness could not do it."""
    results = out / "results.json"
    results.unlink(missing_ok=True)
    options = ["--out", str(out), "--dump", str(out / "failed"), "--only", CASES, "--strict-keys", "--quiet"]
    asked = [harness, *options, "--start", shlex.join(command)]
    status = subprocess.run(asked, check=False).returncode
    if status not in (0, 1) or not results.exists():
        raise SystemExit(f"{harness} ended with {status}; see {out / 'proxy.log'}")
    tests = json.loads(results.read_text())["tests"]
    return Results({test["name"]: test for test in tests}, (out / "proxy.log").read_text(errors="replace"))


def at_home(home: Path, command: list[str]) -> list[str]:
    """The command with directories of its own: its flows are nobody's, and a daemon that runs is not disturbed."""
    for name in ("state", "run"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    return ["env", f"HOME={home}", f"XDG_STATE_HOME={home}/state", f"XDG_RUNTIME_DIR={home}/run", *command]


def by_code_assist(command: list[str]) -> list[str]:
    """The command with the shim before it."""
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tools.code_assist.start", *command]


def asks_gemini(case: dict[str, Any]) -> bool:
    """Whether the case's upstream is Gemini."""
    return bool(case["y" if case["suite"] == "B" else "x"] == "gemini")


def compare(plain: Results, wrapped: Results) -> bool:
    """Prints both counts and what differs; whether nothing does, and everything went by the shim."""
    print(f"plain: {len(plain.passed)} of {len(plain.cases)} cases pass")
    print(f"Code Assist: {len(wrapped.passed)} of {len(wrapped.cases)} cases pass")
    differing = sorted(plain.passed ^ wrapped.passed)
    for name in differing:
        print(f"differs: {name}\n  plain: {plain.reasons(name)}\n  Code Assist: {wrapped.reasons(name)}")
    told = SHIM.findall(wrapped.log)
    calls, refused, envelopes = map(int, told[-1]) if told else (0, 0, 0)
    asking = sum(map(asks_gemini, wrapped.cases.values()))
    print(f"{asking} cases ask Gemini: {calls} calls went by the shim, {refused} were refused, {envelopes} envelopes")
    return not differing and not refused and calls >= asking and envelopes > 0


def main() -> int:
    """Runs both; the exit status."""
    if len(sys.argv) < 4:
        sys.exit("usage: python -m tools.code_assist.compare HARNESS OUT COMMAND [ARGUMENT...]")
    harness, out, command = sys.argv[1], Path(sys.argv[2]).absolute(), sys.argv[3:]
    os.environ.setdefault("CONFORMANCE_WORK", str(ROOT / ".conformance"))
    with tempfile.TemporaryDirectory(prefix="ccp-") as home:
        command = at_home(Path(home), command)
        plain = run(harness, out / "plain", command)
        wrapped = run(harness, out / "code-assist", by_code_assist(command))
    return 0 if compare(plain, wrapped) else 1


if __name__ == "__main__":
    sys.exit(main())
