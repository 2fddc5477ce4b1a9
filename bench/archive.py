"""What the archive takes of a growing conversation: disk, time a flow, memory, and how soon a list is there.

    .venv/bin/python bench/archive.py [--flows N] [--envelope BYTES] [--json]

One conversation in the manner of a coding agent: model, messages (text, tool_use, tool_result; the mark of the cache
moves to the last two), then system and tools, which stay the same. The client's request is what is forwarded; answers
are streams of a few hundred bytes. Raw bytes are those of all requests and answers, each flow's counted once.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ccproxy.exchange import Attempt, Exchange, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive, Entry
from ccproxy.flows.record.record import to_record
from ccproxy.flows.selection import Selection
from ccproxy.flows.summary import summarize

FIRST, LAST = 5_000, 1_000_000
"""Bytes of the messages in the first request and in the last."""
WORDS = ["".join(random.Random(number).choices("etaoinshrdlucmfwyp", k=2 + number % 9)) for number in range(4000)]
HEADERS = [
    (b"Host", b"127.0.0.1:4000"), (b"User-Agent", b"bench/1.0 (external, cli)"), (b"Content-Type", b"application/json"),
    (b"anthropic-version", b"2023-06-01"), (b"accept", b"application/json"), (b"accept-encoding", b"gzip, deflate, br"),
    (b"anthropic-beta", b"interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14"),
    (b"x-stainless-arch", b"x64"), (b"x-stainless-lang", b"js"), (b"x-stainless-os", b"Linux"),
]  # fmt: skip
ANSWER_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"), (b"server", b"bench"),
    (b"anthropic-ratelimit-unified-status", b"allowed"), (b"anthropic-ratelimit-unified-reset", b"1765432100"),
]  # fmt: skip
MARK = {"cache_control": {"type": "ephemeral"}}


class Talk:
    """A conversation that grows: each turn's request as bytes."""

    def __init__(self, flows: int, envelope: int) -> None:
        self._random = random.Random(7)
        self._flows = flows
        tools = [self._tool(number) for number in range(20)]
        system = [{"type": "text", "text": self.text(envelope // 4), **MARK}]
        while len(orjson.dumps(tools)) + len(orjson.dumps(system)) < envelope:
            tools.append(self._tool(len(tools)))
        self._tail = b'],"system":' + orjson.dumps(system) + b',"tools":' + orjson.dumps(tools) + b',"stream":true}'
        self._said: list[dict[str, Any]] = []
        self._written: list[bytes] = []
        self._size = 0

    def text(self, size: int) -> str:
        """Words, about so many bytes."""
        return " ".join(self._random.choices(WORDS, k=max(1, size // 7)))

    def _tool(self, number: int) -> dict[str, Any]:
        members = {f"field_{at}": {"type": "string", "description": self.text(80)} for at in range(6)}
        schema = {"type": "object", "properties": members, "required": ["field_0"], "additionalProperties": False}
        return {"name": f"Tool{number}", "description": self.text(600), "input_schema": schema}

    def bodies(self) -> Iterator[bytes]:
        """The requests."""
        for turn in range(self._flows):
            aim = FIRST + (LAST - FIRST) * turn // max(1, self._flows - 1)
            self._say(20)
            while self._size < aim:
                self._say(min(3000, max(40, int((aim - self._size) * self._random.uniform(0.3, 0.9)))))
            yield self._body()

    def _say(self, size: int) -> None:
        number = len(self._said)
        if number % 3 == 0 or size < 100:
            content: list[dict[str, Any]] = [{"type": "text", "text": self.text(size)}]
        elif number % 3 == 1:
            content = [
                {"type": "text", "text": self.text(size // 4)},
                {"type": "tool_use", "id": f"toolu_{number:024}", "name": "Tool1", "input": {"path": self.text(30)}},
            ]
        else:
            result = [{"type": "text", "text": self.text(size)}]
            content = [{"type": "tool_result", "tool_use_id": f"toolu_{number - 1:024}", "content": result}]
        self._said.append({"role": "assistant" if number % 2 else "user", "content": content})
        self._written.append(orjson.dumps(self._said[-1]))
        self._size += len(self._written[-1]) + 1

    def _body(self) -> bytes:
        written = self._written[:]
        for at in range(max(0, len(written) - 2), len(written)):
            content = [*self._said[at]["content"][:-1], {**self._said[at]["content"][-1], **MARK}]
            written[at] = orjson.dumps({**self._said[at], "content": content})
        head = b'{"model":"claude-sonnet-4-5","max_tokens":32000,"messages":['
        return head + b",".join(written) + self._tail


def answer(turn: int) -> bytes:
    """A short stream."""
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": {"id": f"msg_{turn:020}", "type": "message", "role": "assistant", "content": [],
            "model": "claude-sonnet-4-5", "usage": {"input_tokens": turn, "output_tokens": 1}}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": WORDS[turn % 4000]}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": turn % 900}}),
        ("message_stop", {}),
    ]  # fmt: skip
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name, **data})) for name, data in events
    )


def exchange(turn: int, body: bytes) -> Exchange:
    """A flow as the gateway leaves it."""
    origin = Origin("https", "api.anthropic.com", 443)
    ex = Exchange(
        HttpRequest("POST", b"/v1/messages?beta=true", HEADERS, body), client=("127.0.0.1", 40000 + turn % 20000)
    )
    ex.format, ex.session = WireFormat.ANTHROPIC, "00000000-0000-4000-8000-000000000001"
    ex.route = Route("redirect", "anthropic", WireFormat.ANTHROPIC, origin, "the sentinel key names anthropic")
    ex.forwarded = HttpRequest(
        "POST", b"/v1/messages?beta=true", [*HEADERS, (b"authorization", b"Bearer [taken out]")], body
    )
    request_id = (b"request-id", b"req_%020d" % turn)
    ex.response = ex.provider_response = HttpResponse(
        200, [*ANSWER_HEADERS, request_id], b"OK", [answer(turn)], complete=True
    )
    start = 1_760_000_000 + turn * 3.7
    ex.timings.started, ex.timings.received, ex.timings.sent = start, start + 0.001, start + 0.002
    ex.timings.headers, ex.timings.first_byte, ex.timings.finished = start + 0.4, start + 0.5, start + 2
    ex.attempts = [Attempt(start + 0.001, start + 0.4, 200, reused=True)]
    return ex


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def talked(flows: int, envelope: int) -> Iterator[bytes]:
    """The requests, made by a process of its own so that they are no part of what is measured."""
    words = [sys.executable, __file__, "--talk", "--flows", str(flows), "--envelope", str(envelope)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        while length := child.stdout.read(8):
            yield child.stdout.read(int.from_bytes(length))


def run(flows: int, envelope: int, path: Path) -> dict[str, Any]:
    """Writes the flows, one a transaction, and measures."""
    archive, raw, took, peak = Archive.open(path), 0, [], 0
    gc.collect()
    before = resident()
    for turn, body in enumerate(talked(flows, envelope)):
        ex = exchange(turn, body)
        entry = Entry(to_record(ex), summarize(ex))
        raw += len(body) + ex.response.size if ex.response else 0
        started = time.perf_counter()
        archive.add([entry])
        took.append(time.perf_counter() - started)
        if turn % 100 == 0:
            peak = max(peak, resident() - before)
    archive.checkpoint()
    archive.close()
    disk = sum(each.stat().st_size for each in path.parent.iterdir() if each.name.startswith(path.name))
    late = sorted(took[-max(1, flows // 10) :])
    return {
        "flows": flows, "raw_mb": raw / 1e6, "disk_mb": disk / 1e6, "disk_percent": 100 * disk / raw,
        "ms_mean": statistics.mean(took) * 1000, "ms_p99": sorted(took)[int(flows * 0.99)] * 1000,
        "ms_mean_of_the_longest": statistics.mean(late) * 1000, "rss_growth_mb": peak / 1e6,
    }  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    """How soon lists and flows are there."""
    started = time.perf_counter()
    with ArchiveReader(path) as reader:
        newest = reader.summaries(Selection(limit=50))
        last50 = time.perf_counter() - started
        started = time.perf_counter()
        reader.summaries(Selection())
        everything = time.perf_counter() - started
        started = time.perf_counter()
        reader.exchange(newest[-1]["id"])
        one = time.perf_counter() - started
    return {"last_50_ms": last50 * 1000, "all_summaries_s": everything, "largest_flow_ms": one * 1000}


def command(path: Path, *words: str) -> float | None:
    """Seconds that a command takes on this archive, the best of three; None if it fails."""
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(path.parent.parent),
        "CCPROXY_CONFIG_DIR": str(path.parent / "none"),
    }
    best = None
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "ccproxy", *words], env=environment, capture_output=True, check=False
        )
        if done.returncode:
            print(done.stderr.decode()[-500:], file=sys.stderr)
            return None
        best = min(best or 9e9, time.perf_counter() - started)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--envelope", type=int, default=60_000, help="bytes of system and tools")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--talk", action="store_true", help="write the requests, each with its length, and nothing else"
    )
    parser.add_argument("--keep", type=Path, help="a directory in which the archive stays")
    options = parser.parse_args()
    if options.talk:
        for body in Talk(options.flows, options.envelope).bodies():
            sys.stdout.buffer.write(len(body).to_bytes(8) + body)
        return
    with tempfile.TemporaryDirectory() as made:
        path = (options.keep or Path(made)) / "ccproxy" / "flows.db"
        figures = run(options.flows, options.envelope, path) | read(path)
        figures["list_50_s"] = command(path, "flows", "list", "--limit", "50")
        figures["jq_over_all_s"] = command(path, "flows", "list", "--json", "--jq", "map(.usage)")
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:24} {value:12,.2f}" if isinstance(value, float) else f"{name:24} {value!s:>12}")


if __name__ == "__main__":
    main()
