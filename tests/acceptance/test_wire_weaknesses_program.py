"""Weaknesses of ai-ccproxy 2.0 in how its wire layer was built: C1, C25 and C26 of the specification (section 7.2)."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.sse import Framer
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.support.crossing import CLIENTS, PAIRS, document
from tests.support.daemon import Daemon
from tests.support.http import Client, request_bytes
from tests.support.provider_answers import stream_of
from tests.support.replies import stream
from tests.support.upstream import Hang, Upstream

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "ccproxy").rglob("*.py"))


def is_private(name: str) -> bool:
    """True for a name that its owner may change any day."""
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def third_party(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each thing that a module imports from others: the name it has here, and its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def foreign(name: str) -> bool:
    """True for what is neither ours nor Python's own."""
    root = name.partition(".")[0]
    return root != "ccproxy" and root not in sys.stdlib_module_names


def test_C01_no_private_name_of_anybody_elses_is_used() -> None:
    """Neither imported nor reached through a module or a class of theirs."""
    wrong = []
    for file in SOURCES:
        tree = ast.parse(file.read_text())
        theirs = {here: name for here, name in third_party(tree) if foreign(name)}
        wrong += [f"{file}: {name}" for name in theirs.values() if any(map(is_private, name.split(".")))]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and is_private(node.attr):
                inner: ast.expr = node
                while isinstance(inner, ast.Attribute):
                    inner = inner.value
                if isinstance(inner, ast.Name) and inner.id in theirs:
                    wrong.append(f"{file}:{node.lineno}: {theirs[inner.id]} … {node.attr}")
    assert SOURCES
    assert wrong == []


def test_C01_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert any(each.startswith("pydantic-ai") for each in project["dependencies"])
    unbounded = [each for each in project["dependencies"] if "<" not in each.partition(";")[0]]
    assert [each for each in unbounded if not each.startswith("certifi>=")] == []  # a list of authorities, not code


def test_C01_pydantic_ai_stays_in_the_code_of_requests() -> None:
    """What fails to import takes only itself along: no graph, and nothing of it before a request is translated."""
    users: dict[str, set[str]] = {}
    for file in SOURCES:
        for _, name in third_party(ast.parse(file.read_text())):
            if name.startswith("pydantic_"):
                users.setdefault(name.partition(".")[0], set()).add(file.relative_to(ROOT / "src/ccproxy").parts[0])
    assert "pydantic_graph" not in users
    assert users["pydantic_ai"] <= {"lightllm", "pipeline"}
    program = (
        "import sys, ccproxy.assembly, ccproxy.cli.status, ccproxy.lightllm.translate as t\n"
        "from ccproxy.exchange import WireFormat as W\n"
        "from ccproxy.lightllm import formats\n"
        "[(formats.stream_module(w), formats.buffered_module(w), formats.errors_module(w)) for w in W]\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in ('pydantic_ai', 'pydantic_graph')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def threads_of(pid: int) -> int:
    """Threads of a process, from /proc."""
    return len(os.listdir(f"/proc/{pid}/task"))


def sockets_of(pid: int) -> int:
    """Sockets that a process holds, from /proc."""
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += str(entry.readlink()).startswith("socket:")
        except OSError:
            continue
    return found


def open_stream(daemon: Daemon, client: str, provider: str) -> Client:
    """A stream that has begun and hangs."""
    dialect = CLIENTS[client]
    connection = daemon.client()
    body = document(dialect, stream=True)
    connection.send(request_bytes("POST", dialect.target(stream=True), [dialect.key(provider)], body))
    answer = connection.head()
    next(piece for piece in connection.pieces(answer) if b"Hel" in answer.body)
    return connection


def test_C25_fifty_streams_take_no_thread_and_leave_nothing(daemon: Daemon, upstream: Upstream) -> None:
    """What they leave in memory is counted in tests/gateway/translation/test_record.py."""

    def script(request: Any) -> Any:
        marks = {b"/messages": "anthropic", b"/completions": "openai", b"/responses": "openai_responses"}
        format = next((name for mark, name in marks.items() if mark in request.target), "gemini")
        whole = stream_of(format, ["Hel", "lo"])
        at = next(number for number, each in enumerate(whole) if b"Hel" in each) + 1
        return stream(whole[:at], end=[Hang()])(request)

    upstream.script = script
    for pair in PAIRS:
        open_stream(daemon, *pair).close()
    sockets = sockets_of(daemon.pid)
    threads = threads_of(daemon.pid)
    held = [open_stream(daemon, *PAIRS[number % len(PAIRS)]) for number in range(50)]
    assert threads_of(daemon.pid) <= threads
    for connection in held:
        connection.close()
    end = time.monotonic() + 10
    while len(upstream.left) < 50 + len(PAIRS) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(upstream.left) == 50 + len(PAIRS)
    while sockets_of(daemon.pid) > sockets and time.monotonic() < end:
        time.sleep(0.01)
    assert sockets_of(daemon.pid) <= sockets
    assert threads_of(daemon.pid) <= threads
    daemon.healthy()


def events_of(count: int) -> bytes:
    """A stream of Anthropic's with this many deltas."""
    return b"".join(stream_of("anthropic", ["word "] * count))


def calls(work: Any) -> int:
    """How many functions are called, ours and Python's."""
    seen = 0

    def profile(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal seen
        seen += kind in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize("client", ["openai", "openai_responses", "gemini"])
def test_C26_work_grows_with_the_length_of_a_stream_and_no_faster(client: str) -> None:
    def translate(data: bytes, size: int) -> None:
        translator = StreamTranslator(WireFormat.ANTHROPIC, WireFormat(client), Asked("m"))
        for at in range(0, len(data), size):
            translator.feed(data[at : at + size])
        translator.end()
        assert translator.done
        assert translator.error is None

    for size in (1 << 30, 100):  # in one piece, and cut anywhere
        short, long = (events_of(count) for count in (500, 2000))
        translate(short, size)
        few, many = (calls(partial(translate, data, size)) for data in (short, long))
        assert many < 4.5 * few
    assert many < 60 * 2000


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_C26_framing_looks_at_every_byte_a_bounded_number_of_times(ends: bytes) -> None:
    """Looking through the rest for each event is inside one call of Python's, which only the clock can see: four times
    the events took sixteen times as long. Less than eight times is asked, in the best of five."""

    def seconds(data: bytes) -> float:
        best = float("inf")
        for _ in range(5):
            begun = time.process_time()
            framer = Framer()
            frames = framer.feed(data) + framer.end()
            best = min(best, time.process_time() - begun)
            assert frames[-1][1] == b'{"type": "message_stop"}'
        return best

    short, long = (events_of(count).replace(b"\n", ends) for count in (4000, 16000))
    assert seconds(long) < 8 * seconds(short)


def test_C26_an_event_that_comes_byte_by_byte_is_not_looked_through_again() -> None:
    """A megabyte in pieces of ten bytes: the pieces are joined once."""
    piece, count = b"x" * 10, 100_000
    framer = Framer()

    def feed() -> None:
        framer.feed(b"data: ")
        for _ in range(count):
            framer.feed(piece)

    begun = time.process_time()
    assert calls(feed) <= 6 * count + 10
    assert framer.feed(b"\n\n") == [(b"", piece * count)]
    assert time.process_time() - begun < 10
