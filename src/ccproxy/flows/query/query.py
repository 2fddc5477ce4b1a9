"""jq filters over flows: each gets what the one before gives, from an array to an array.

jq runs in a process of its own, because a filter may be endless or fill the memory, and libjq cannot be interrupted.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

SECONDS = 10.0
MEMORY_BYTES = 1024**3
BYTES_PER_BYTE = 16
"""What jq takes for a byte of its input, at most."""
BYTES_PER_SECOND = 10_000_000
"""What jq reads, at least."""

type Summary = Mapping[str, Any]


class QueryError(Exception):
    """Filters that give nothing usable. `details` say what to do, a line each."""

    def __init__(self, message: str, *details: str) -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True, slots=True)
class Bounds:
    """What filters may take."""

    seconds: float = SECONDS
    """Beside what reading the flows takes."""
    memory: int = MEMORY_BYTES
    """Bytes beside what the flows take."""


def apply(filters: Sequence[str], summaries: Sequence[Summary], bounds: Bounds = Bounds()) -> list[Any]:
    """The array that the filters make of the flows. Raises QueryError."""
    found: list[Any] = ask(filters, summaries, "all", bounds)
    return found


def choose[S: Summary](filters: Sequence[str], summaries: Sequence[S], bounds: Bounds = Bounds()) -> list[S]:
    """The flows that the filters give, in their order, unchanged whatever the filters did to them. Raises QueryError.

    They are known by their ids; one that is given twice is there once.
    """
    known = {flow["id"]: flow for flow in summaries}
    ids = ask(filters, summaries, "ids", bounds)
    for at, id in enumerate(ids):
        if not isinstance(id, str) or id not in known:
            what = "an object without the id of a flow" if id != "" else "no object"
            raise QueryError(
                f"the jq {noun(filters)} must give flows, but element {at} of the result is {what}",
                "only `ccproxy flows list --json` prints what is no flow",
                "keep the objects whole, as map(select(...)) and sort_by(...) do",
            )
    return [known[id] for id in dict.fromkeys(ids)]


def ask(filters: Sequence[str], summaries: Sequence[Summary], want: Literal["all", "ids"], bounds: Bounds) -> Any:
    """What the process answers. Raises QueryError."""
    flows = dumped(summaries)
    memory = bounds.memory + BYTES_PER_BYTE * len(flows)
    seconds = bounds.seconds + len(flows) / BYTES_PER_SECOND
    task = {"filters": list(filters), "want": want, "memory": memory, "seconds": seconds}
    command = [sys.executable, "-P", "-m", "ccproxy.flows.query.process"]
    try:
        done = subprocess.run(
            command,
            input=orjson.dumps(task) + b"\n" + flows,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise endless(filters, bounds) from error
    if done.returncode == -signal.SIGXCPU:
        raise endless(filters, bounds)
    try:
        answer = orjson.loads(done.stdout)
    except ValueError as error:
        raise broken(filters, bounds, done) from error
    if "result" in answer:
        return answer["result"]
    raise QueryError(worded(filters, answer), *answer["fix"])


def dumped(summaries: Sequence[Summary]) -> bytes:
    """The flows as JSON."""
    try:
        return orjson.dumps(summaries)
    except orjson.JSONEncodeError:  # half a character: rare, and no reason not to look at the others
        return json.dumps(list(summaries), ensure_ascii=False).encode("utf-8", "replace")


def endless(filters: Sequence[str], bounds: Bounds) -> QueryError:
    """That there is no result in time."""
    return QueryError(f"the jq {noun(filters)} gave no result within {bounds.seconds:g} s", *listed(filters))


def broken(filters: Sequence[str], bounds: Bounds, done: subprocess.CompletedProcess[bytes]) -> QueryError:
    """Why the process ended without an answer."""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode == -signal.SIGABRT or any("memory" in line.lower() for line in said):
        size = bounds.memory / 1024**3
        return QueryError(f"the jq {noun(filters)} took more than {size:.2g} GiB of memory", *listed(filters))
    return QueryError(f"jq ended with {done.returncode} and no result", *said[-1:], *listed(filters))


def worded(filters: Sequence[str], answer: Mapping[str, Any]) -> str:
    """What is wrong, and with which filter."""
    at = answer["at"]
    which = f"the jq {noun(filters)}" if at is None or len(filters) == 1 else f"the jq filter {filters[at]!r}"
    return f"{which} {answer['error']}"


def listed(filters: Sequence[str]) -> list[str]:
    """The filters, a line each."""
    return [f"--jq {text!r}" for text in filters]


def noun(filters: Sequence[str]) -> str:
    """One filter or several."""
    return "filter" if len(filters) == 1 else "filter chain"
