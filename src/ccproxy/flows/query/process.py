"""The process that runs jq: `python -m ccproxy.flows.query.process`. It imports nothing that it does not need.

On standard input a line of JSON, the task (`filters`, `want`, `memory` in bytes, `seconds`), then the flows. On
standard output `{"result": …}`, or `{"error": …, "at": index of the filter or null, "fix": [lines]}`.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import jq

TELL = {
    "all": ".",
    "ids": 'map(if type == "object" then (.id | if type == "string" then . else null end) else "" end)',
}
"""What is told of the result: all of it, or the ids alone; an element that is no object has the empty one."""
JOINT = "\n| "
"""A newline first: a filter may end with a comment."""
PLACE = re.compile(r" at <top-level>, line \d+,")
"""Where jq's error is; the line counts filters, not lines of one."""
MODULE = re.compile(r"(?:\s|#[^\n]*\n)*(?:module|import|include)\b")
"""How a filter begins that reads other files."""
MOST_WORDS = 300
"""Characters of an error: it may hold a whole flow."""
WRAP = "wrap it with [...], or use map(...) in place of .[] | ..."


class NoResult(Exception):
    """Filters that give no array. `at` is the filter's index, None for all together."""

    def __init__(self, error: str, at: int | None = None, *fix: str) -> None:
        super().__init__(error)
        self.at = at
        self.fix = fix


def main() -> None:
    """Read a task, write its answer."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.clear()  # jq's `env` would give a filter the user's keys, and `~/.jq` its definitions
    line, _, flows = sys.stdin.buffer.read().partition(b"\n")
    task = json.loads(line)
    limit(task["memory"], task["seconds"])
    try:
        result = run(task["filters"], TELL[task["want"]], flows.decode())
    except NoResult as error:
        result = json.dumps({"error": str(error), "at": error.at, "fix": error.fix})
    sys.stdout.write(result)


def limit(memory: int, seconds: float) -> None:
    """Bound this process, so that it ends even if nobody is left to end it."""
    for kind, bound in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(kind)
        with suppress(ValueError, OSError):  # macOS bounds no address space
            resource.setrlimit(kind, (bound if most == resource.RLIM_INFINITY else min(bound, most), most))


def run(filters: Sequence[str], tell: str, flows: str) -> str:
    """The answer as JSON. Raises NoResult."""
    compiled(filters)
    program = f"[limit(2; ({JOINT.join(filters)}\n))] | " + (
        f'if length == 1 and (.[0] | type) == "array" then {{result: .[0] | {tell}}} '
        "else {length: length, type: (.[0] | type)} end"
    )
    try:
        answer: str = jq.compile(program).input_text(flows).text()
    except ValueError as error:
        at = first_that_fails(filters, flows)
        raise NoResult(f"fails: {first_line(error)}", at, *fix_of(at, error)) from error
    if not answer:
        raise NoResult("stops jq without a result", None, "leave halt out")
    if answer.startswith('{"result"'):
        return answer
    raise no_array(json.loads(answer))


def compiled(filters: Sequence[str]) -> None:
    """Raises NoResult with the first filter that is not one."""
    for count in range(1, len(filters) + 1):
        if MODULE.match(filters[count - 1]):
            raise NoResult("reads a module: there are none here", count - 1, "write its definitions into the filter")
        try:
            jq.compile(JOINT.join(filters[:count]))
        except ValueError as error:
            raise NoResult(f"is not valid: {first_line(error)}", count - 1) from error


def first_that_fails(filters: Sequence[str], flows: str) -> int:
    """The index of the filter that cannot work on what it gets."""
    for count in range(1, len(filters)):
        try:
            for _ in jq.compile(JOINT.join(filters[:count])).input_text(flows):
                pass
        except ValueError:
            return count - 1
    return len(filters) - 1


def fix_of(at: int, error: ValueError) -> list[str]:
    """What the first filter gets, for those who took it for one flow."""
    is_array = "index array" in str(error)
    return ["the first filter gets the array of all flows: map(...) goes through them"] if at == 0 and is_array else []


def no_array(found: dict[str, Any]) -> NoResult:
    """What there is in place of one array."""
    if found["length"] == 0:
        return NoResult("gives nothing, not an array", None, WRAP)
    if found["length"] > 1:
        return NoResult("gives several results, not one array", None, WRAP)
    kind = found["type"]
    return NoResult(f"gives {kind if kind == 'null' else f'a {kind}'.replace('a o', 'an o')}, not an array", None, WRAP)


def first_line(error: ValueError) -> str:
    """jq's own words in short, without its name."""
    line = str(error).partition("\n")[0] or "an error without words"
    line = PLACE.sub(" at", line.removeprefix("jq: error: ")).removesuffix(":")
    return line if len(line) <= MOST_WORDS else line[:MOST_WORDS] + "…"


if __name__ == "__main__":
    main()
