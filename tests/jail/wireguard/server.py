"""mitmproxy's WireGuard listener with handlers of our own, which dial nobody. A process, so that it can be killed.

`python -m tests.jail.wireguard.server PRIVATE_KEY PEER_PUBLIC_KEY PORT` prints its port and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import sys

from mitmproxy_rs import Stream, wireguard

PIECE = bytes(range(256)) * 256


async def tcp(stream: Stream) -> None:
    """`GET n` is answered with n bytes, `PUT n` takes n bytes and says `done`; then the next line."""
    data = b""
    while True:
        while b"\n" not in data:
            more = await stream.read(65536)
            if not more:
                stream.close()
                return
            data += more
        line, _, data = data.partition(b"\n")
        word, count = line.split()
        data = await (give if word == b"GET" else take)(stream, int(count), data)


async def give(stream: Stream, count: int, data: bytes) -> bytes:
    for start in range(0, count, len(PIECE)):
        stream.write(PIECE[: count - start])
        await stream.drain()
    return data


async def take(stream: Stream, count: int, data: bytes) -> bytes:
    while len(data) < count:
        data += await stream.read(65536)
        if len(data) > 1 << 20 and count > 1 << 20:
            count, data = count - len(data), b""
    stream.write(b"done")
    await stream.drain()
    return data[count:]


async def udp(stream: Stream) -> None:
    """Echoes. A datagram that says how much it wants gets that much."""
    while data := await stream.read(65536):
        stream.write(PIECE[: int(data[5:])] if data.startswith(b"GIVE ") else data)
        await stream.drain()


async def main(private: str, peer: str, port: int) -> None:
    server = await wireguard.start_wireguard_server("127.0.0.1", port, private, [peer], tcp, udp)
    print(server.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
