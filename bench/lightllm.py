"""What translation costs by itself, without a daemon: CPU time of one core, and memory.

    .venv/bin/python bench/lightllm.py [--rounds N] [--quick]

Streams are text in pieces as models send it, framed as each provider frames it; a cell is what reading the one and
writing the other costs, framing and JSON included. `json` is json.loads + json.dumps of the same events, the least
that anybody does who looks at them with the standard library; `orjson` is the same with orjson.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.formats import request_module, stream_module
from ccproxy.lightllm.sse import COMMENT, DONE, Framer
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import read_answer, read_stream, translate_request, write_answer

FORMATS = (WireFormat.ANTHROPIC, WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI)
MODEL = "bench-model"
SENTENCE = " The quick brown fox: “naïve” jumps"
REPEATS = 100
"""How often something small is done for one measurement."""


def asked() -> Asked:
    """A client that wants usage."""
    return Asked(MODEL, {"stream_options": {"include_usage": True}})


def spent(rounds: int, work: Callable[..., object], *args: Any) -> float:
    """The median CPU seconds of a piece of work."""
    work(*args)
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work(*args)
        times.append(time.process_time() - begin)
    return statistics.median(times)


def table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Prints a Markdown table."""
    columns = list(heads)
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def chunks(format: WireFormat, count: int) -> Iterator[bytes]:
    """A provider's stream of `count` text deltas, an event a chunk."""
    writer = stream_module(format).StreamWriter(asked())
    yield writer.write(ev.MessageStart("", MODEL, 1_760_000_000)) + writer.write(ev.TextStart(0))
    for _ in range(count):
        yield writer.write(ev.TextDelta(0, SENTENCE))
    usage = ev.UsageUpdate(ev.Usage(input=1000, output=count, cache_read=500))
    last = (ev.BlockStop(0), ev.Finish(ev.StopReason.DONE), usage, ev.End())
    yield b"".join(writer.write(event) for event in last)


def joined(pieces: list[bytes], each: int) -> list[bytes]:
    """The same bytes in larger chunks."""
    return [b"".join(pieces[i : i + each]) for i in range(0, len(pieces), each)]


def translated(pieces: Iterable[bytes], provider: WireFormat, client: WireFormat) -> None:
    """Passes a stream through a translator."""
    translator = StreamTranslator(provider, client, asked())
    for piece in pieces:
        translator.feed(piece)
    translator.end()
    assert translator.error is None, translator.error


def read_and_written(pieces: list[bytes], loads: Callable[[bytes], Any], dumps: Callable[[Any], Any]) -> None:
    """Parses and serialises every event of a stream, framing included."""
    framer = Framer()
    for piece in pieces:
        for name, data in framer.feed(piece):
            if name != COMMENT[0] and data != DONE:
                dumps(loads(data))


def framed(pieces: list[bytes]) -> None:
    """Frames a stream."""
    framer = Framer()
    for piece in pieces:
        framer.feed(piece)


def stream_rows(rounds: int, count: int) -> Iterator[tuple[str, list[str]]]:
    """CPU µs a text delta, a row a provider."""
    for provider in FORMATS:
        single = list(chunks(provider, count))
        ways = (single, joined(single, 100))
        cells = [[spent(rounds, translated, way, provider, client) for way in ways] for client in FORMATS]
        cells += [[spent(rounds, read_and_written, way, json.loads, json.dumps) for way in ways]]
        cells += [[spent(rounds, read_and_written, way, orjson.loads, orjson.dumps) for way in ways]]
        yield provider, [" / ".join(f"{seconds / count * 1e6:.1f}" for seconds in pair) for pair in cells]


def framing_rows(rounds: int) -> Iterator[tuple[str, list[str]]]:
    """Milliseconds to frame a stream, cut in three ways."""
    for count in (4000, 16000):
        single = list(chunks(WireFormat.ANTHROPIC, count))
        whole = b"".join(single)
        tiny = [whole[i : i + 7] for i in range(0, len(whole), 7)]
        yield f"{count:,}", [f"{spent(rounds, framed, way) * 1e3:.0f}" for way in ([whole], single, tiny)]


def conversation(messages: int, tools: int, size: int) -> dict[str, Any]:
    """A request of the Anthropic API as an agent sends it: turns, tool calls, results."""
    filler = (SENTENCE * (size // len(SENTENCE) + 1))[:size]
    turns: list[dict[str, Any]] = [{"role": "user", "content": filler}]
    for number in range((messages - 1) // 2):
        id, name = f"toolu_{number:04}", f"tool_{number % tools}"
        call = {"type": "tool_use", "id": id, "name": name, "input": {"path": filler[:200]}}
        turns.append({"role": "assistant", "content": [{"type": "text", "text": filler[:300]}, call]})
        result = {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": filler}]}
        turns.append({"role": "user", "content": [result, {"type": "text", "text": "go on"}]})
    members = {f"p{i}": {"type": "string", "description": filler[:120]} for i in range(8)}
    schema = {"type": "object", "properties": members, "required": ["p0"]}
    declared = [{"name": f"tool_{i}", "description": filler[:600], "input_schema": schema} for i in range(tools)]
    system = [{"type": "text", "text": filler}]
    head = {"model": MODEL, "max_tokens": 4096, "stream": True}
    return {**head, "system": system, "messages": turns, "tools": declared}


def converted(data: bytes, client: WireFormat, provider: WireFormat, times: int) -> None:
    """A request's bytes in, bytes out."""
    for _ in range(times):
        orjson.dumps(translate_request(orjson.loads(data), client, provider, MODEL, True)[0])


def parsed(data: bytes, times: int) -> None:
    """json.loads + json.dumps."""
    for _ in range(times):
        json.dumps(json.loads(data))


def request_rows(rounds: int, document: dict[str, Any], unit: float, times: int) -> Iterator[tuple[str, list[str]]]:
    """CPU time a request, a row a client."""
    for client in FORMATS:
        data = orjson.dumps(translate_request(document, WireFormat.ANTHROPIC, client, MODEL, True)[0])
        seconds = [spent(rounds, converted, data, client, provider, times) / times for provider in FORMATS]
        seconds.append(spent(rounds, parsed, data, times) / times)
        yield client, [*(f"{value * unit:.1f}" for value in seconds), f"{len(data) / 1000:.1f}"]


def answered(data: bytes, provider: WireFormat, client: WireFormat) -> None:
    """An answer's bytes in, bytes out."""
    for _ in range(REPEATS):
        write_answer(read_answer(orjson.loads(data), provider), client, asked())


def answer_rows(rounds: int) -> Iterator[tuple[str, list[str]]]:
    """CPU µs a whole answer, a row a provider."""
    for provider in FORMATS:
        data = write_answer(read_stream(b"".join(chunks(provider, 50)), provider), provider, asked())
        seconds = [spent(rounds, answered, data, provider, client) / REPEATS for client in FORMATS]
        yield provider, [f"{value * 1e6:.0f}" for value in seconds]


def peak(provider: WireFormat, client: WireFormat, count: int) -> float:
    """The most memory that translating a stream took, in kB."""
    source = chunks(provider, count)
    tracemalloc.start()
    translated(source, provider, client)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1000


def memory_rows(counts: tuple[int, int]) -> Iterator[tuple[str, list[str]]]:
    """Peak memory, a row a client."""
    for client in FORMATS:
        provider = WireFormat.OPENAI if client is WireFormat.ANTHROPIC else WireFormat.ANTHROPIC
        yield client, [f"{peak(provider, client, count):,.0f}" for count in counts]


def main() -> None:
    """Measures everything and prints tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer events, for a first look")
    options = parser.parse_args()
    for format in FORMATS:
        request_module(format)
    rounds, count = options.rounds, 500 if options.quick else 5000
    heads = ["provider ↓ client →", *FORMATS]
    title = f"CPU µs a text delta of {count}: an event a chunk / 100 events a chunk"
    table(title, [*heads, "json", "orjson"], stream_rows(rounds, count))
    table("Framing, ms", ["events", "one chunk", "an event a chunk", "7 bytes a chunk"], framing_rows(rounds))
    heads = ["client ↓ provider →", *FORMATS, "json", "kB"]
    table("CPU ms a request: 301 messages, 60 tools", heads, request_rows(rounds, conversation(301, 60, 3350), 1e3, 1))
    table("CPU µs a request: 3 messages, 2 tools", heads, request_rows(rounds, conversation(3, 2, 200), 1e6, REPEATS))
    table("CPU µs a whole answer of 2 kB", ["provider ↓ client →", *FORMATS], answer_rows(rounds))
    table("Peak memory of a stream, kB", ["client", "1,000 deltas", "50,000 deltas"], memory_rows((1000, 50000)))


if __name__ == "__main__":
    main()
