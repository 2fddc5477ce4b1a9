"""What the two carriers cost by themselves: CPU time of this process, the upstream runs in another.

    python -m bench.transport [--rounds N] [--quick]

A buffered request is a POST of 2 kB with ten fields, answered with 2 kB and ten fields; a streamed answer is chunks of
100 bytes, each on its way alone. Medians over rounds in turn, all from one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import uvloop

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.carrier import Carrier
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.upstream import Upstream
from tests.support.tls import Authority
from tests.transport.curl.h2_peer import H2Peer, Stream

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello " * 330}]}).encode()
FIELDS = [(b"x-bench-%d" % number, b"some value of thirty-two letters") for number in range(8)]
ANSWER_FIELDS = [*FIELDS, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
CHUNK = b"data: " + b"x" * 92 + b"\n\n"
CHUNKS, PACE = 100, 0.004
"""Chunks a streamed answer has, and the seconds between two."""
STREAMS = 16

HEAD = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % field for field in ANSWER_FIELDS) + b"\r\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def request(target: bytes) -> HttpRequest:
    fields = [(b"host", b"bench.test"), *FIELDS, (b"content-length", b"%d" % len(BODY))]
    return HttpRequest("POST", target, fields, BODY)


# -- the upstream, a process of its own


class Raw(asyncio.Protocol):
    """Answers each request without reading more of it than its target and its size."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        head = self._data.find(b"\r\n\r\n")
        if head < 0 or len(self._data) < head + 4 + len(BODY):
            return
        streamed, self._data = self._data.startswith(b"POST /stream"), b""
        if streamed:
            self._transport.write(STREAM_HEAD)
            self._next(CHUNKS)
        else:
            self._transport.write(HEAD + BODY)

    def _next(self, left: int) -> None:
        if not left:
            self._transport.write(b"0\r\n\r\n")
            return
        self._transport.write(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
        asyncio.get_running_loop().call_later(PACE, self._next, left - 1)


async def answer_h2(stream: Stream) -> None:
    await stream.ended.wait()
    if stream.pseudo[b":path"] != b"/stream":
        stream.head(200, *ANSWER_FIELDS)
        await stream.data(BODY, end=True)
        return
    stream.head(200)
    for _ in range(CHUNKS):
        await stream.data(CHUNK)
        await asyncio.sleep(PACE)
    await stream.data(b"", end=True)


async def upstream(folder: Path, pipe: Pipe) -> None:
    authority = Authority(folder)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(Raw, "127.0.0.1", 0, backlog=512)
    tls = await loop.create_server(Raw, "127.0.0.1", 0, ssl=authority.server_context(), backlog=512)
    async with H2Peer(answer_h2, authority.server_context()) as h2:
        pipe.send([plain.sockets[0].getsockname()[1], tls.sockets[0].getsockname()[1], h2.origin.port])
        await asyncio.Event().wait()


def serve(folder: Path, pipe: Pipe) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(upstream(folder, pipe))


# -- what is measured


async def buffered(carrier: Carrier, way: Upstream, concurrency: int, count: int) -> float:
    """CPU µs a request."""
    asked = request(b"/buffered")

    async def worker(turns: int) -> None:
        for _ in range(turns):
            incoming = await carrier.send(way, asked)
            body = await incoming.read()
            assert incoming.status == 200
            assert body == BODY

    await asyncio.gather(*[worker(2) for _ in range(concurrency)])
    return await cpu(lambda: asyncio.gather(*[worker(count // concurrency) for _ in range(concurrency)])) / count


async def streamed(carrier: Carrier, way: Upstream) -> float:
    """CPU µs a chunk; heads and ends are part of it."""
    got = 0

    async def worker() -> None:
        nonlocal got
        async for chunk in await carrier.send(way, request(b"/stream")):
            assert len(chunk) % len(CHUNK) == 0
            got += 1

    await asyncio.gather(*[worker() for _ in range(STREAMS)])
    got = 0
    spent = await cpu(lambda: asyncio.gather(*[worker() for _ in range(STREAMS)]))
    return spent / got


async def cpu(work: Callable[[], Any]) -> float:
    """CPU µs of this process."""
    begun = time.process_time()
    await work()
    return (time.process_time() - begun) * 1e6


@dataclass(frozen=True)
class Way:
    """A column: a carrier on a protocol."""

    name: str
    carrier: Callable[[], Carrier]
    upstream: Upstream


def ways(ports: list[int], ca_file: str) -> list[Way]:
    plain, tls, h2 = (
        Upstream(Origin("http" if number == 0 else "https", "127.0.0.1", port), ca_file=ca_file if number else None)
        for number, port in enumerate(ports)
    )

    def native() -> Carrier:
        return NativePool(Limits())

    return [
        Way("native http", native, plain),
        Way("curl http", CurlCarrier, plain),
        Way("native TLS", native, tls),
        Way("curl TLS", CurlCarrier, tls),
        Way("curl h2", CurlCarrier, replace(h2, http2=True)),
        Way("curl h2 chrome131", CurlCarrier, replace(h2, profile="chrome131")),
    ]


type Test = Callable[[Carrier, Upstream], Coroutine[Any, Any, float]]


def tests(quick: bool) -> dict[str, Test]:
    count = 640 if quick else 3200
    return {
        "buffered c=1": lambda carrier, way: buffered(carrier, way, 1, count // 2),
        "buffered c=64": lambda carrier, way: buffered(carrier, way, 64, count),
        "chunk": streamed,
    }


async def measured(way: Way, test: Test) -> float:
    carrier = way.carrier()
    try:
        gc.collect()
        return await test(carrier, way.upstream)
    finally:
        await carrier.close()


def table(columns: list[Way], results: dict[str, list[float]]) -> None:
    """Prints medians, and what libcurl costs as a multiple of the native carrier."""
    print(
        f"\nCPU µs of the client's process\n\n| | {' | '.join(way.name for way in columns)} | curl/native http | TLS |"
    )
    print("|---|" + "---|" * (len(columns) + 2))
    for name, medians in results.items():
        cells = [f"{value:.1f}" for value in medians]
        ratios = [f"{medians[at + 1] / medians[at]:.2f}" for at in (0, 2)]
        print(f"| {name} | {' | '.join(cells + ratios)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    with tempfile.TemporaryDirectory(prefix="ccproxy-bench-") as folder:
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(Path(folder), theirs), daemon=True)
        process.start()
        try:
            columns = ways(ours.recv(), str(Path(folder) / "ca.pem"))
            results = {}
            for name, test in tests(options.quick).items():
                rounds = [[uvloop.run(measured(way, test)) for way in columns] for _ in range(options.rounds)]
                results[name] = [statistics.median(values) for values in zip(*rounds, strict=True)]
            table(columns, results)
        finally:
            process.terminate()
            process.join(10)


if __name__ == "__main__":
    main()
