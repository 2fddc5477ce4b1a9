"""The entries of a HAR that `har.writing` wrote, read line by line: such a file may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.facts import MEMBER
from ccproxy.flows.json_bytes import parsed

BEGINS, ENDS = b'{"log":{"version":"1.2","creator":{"name":"ccproxy",', b',"entries":['
HEAD_BYTES = 1024
PAGES = b'],"pages":['


def is_in_lines(path: Path) -> bool:
    """Whether a file begins as ours do. Raises OSError."""
    with path.open("rb") as file:
        head = file.readline(HEAD_BYTES)
    return head.startswith(BEGINS) and head.rstrip(b"\r\n").endswith(ENDS)


def flows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    """The entries of a flow each, one or two, and the number of the first of them.

    Raises OSError, and FlowFileError where the file is cut off or damaged; what is before that is given first.
    """
    waiting: list[Any] = []
    first = 0
    with path.open("rb") as file:
        try:
            for at, entry in enumerate(_entries(file)):
                if waiting and (len(waiting) == 2 or _flow(entry) != _flow(waiting[0])):
                    yield first, waiting
                    waiting = []
                first = first if waiting else at
                waiting.append(entry)
        except FlowFileError:
            if len(waiting) == 2:
                yield first, waiting
            raise
    if waiting:
        yield first, waiting


def _entries(lines: BinaryIO | Iterable[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(PAGES):
            return
        if number and text:
            yield _entry(number - 1, text)
    raise FlowFileError("the file is cut off: its pages are missing")


def _entry(at: int, text: bytes) -> Any:
    try:
        return parsed(text.removesuffix(b","))
    except ValueError as error:
        raise FlowFileError(f"log.entries[{at}]: it is no JSON, or cut off: {error}") from error


def _flow(entry: Any) -> Any:
    """What the entries of a flow have in common; another for each entry that is not ours."""
    facts = entry.get(MEMBER) if isinstance(entry, dict) else None
    return facts.get("flow") if isinstance(facts, dict) else object()
