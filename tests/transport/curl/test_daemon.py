"""The daemon's providers by HTTP/2, with a browser's TLS, and by SOCKS."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.support.configs import provider, token, token_file
from tests.support.daemon import Daemon
from tests.support.http import Response, ask
from tests.support.tls import Authority
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.curl.proxy_peer import ProxyPeer
from tests.transport.peer import Peer, always, ok, run_on

EVENTS = [b"event: e%d\ndata: {}\n\n" % number for number in range(3)]
BODY = json.dumps({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}).encode()


async def serve(stream: Stream) -> None:
    await stream.ended.wait()
    stream.head(200, (b"content-type", b"text/event-stream"), (b"x-a", b"1"), (b"x-a", b"2"))
    for event in EVENTS:
        await stream.data(event)
        await asyncio.sleep(0.05)
    await stream.data(b"", end=True)


def asked(port: int, name: str) -> Response:
    """A turn with one provider."""
    headers = [(b"x-api-key", f"sk-ant-oat-ccproxy-{name}".encode()), (b"X-Own", b"1")]
    return ask(port, "POST", "/v1/messages", headers, BODY)


def test_providers_by_libcurl(authority: Authority, tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            H2Peer(serve, authority.server_context()) as h2,
            Peer(always(ok(b"{}"))) as h1,
            ProxyPeer(h1.origin.port, "socks5h") as proxy,
        ):
            auth = token_file(tmp_path, "far")
            far = {"ca_file": str(authority.ca_file)}
            daemon = Daemon(
                {
                    "providers": {
                        "h2": provider("anthropic", str(h2.origin), auth, http2=True, **far),
                        "browser": provider("anthropic", str(h2.origin), auth, fingerprint_profile="chrome131", **far),
                        "socks": provider("anthropic", "http://api.test", auth, proxy=str(proxy.proxy())),
                    }
                }
            )
            with daemon:
                for number, name in enumerate(("h2", "browser")):
                    answer = await asyncio.to_thread(asked, daemon.port, name)
                    assert (answer.status, answer.body, answer.complete) == (200, b"".join(EVENTS), True)
                    assert [value for key, value in answer.headers if key == b"x-a"] == [b"1", b"2"]
                    stream = h2.streams[number]
                    assert stream.body == BODY
                    credential = (b"authorization", f"Bearer {token('far')}".encode())
                    length = (b"content-length", b"%d" % len(BODY))
                    assert stream.headers == [credential, (b"x-own", b"1"), length]
                assert len(h2.connections) == 2
                answer = await asyncio.to_thread(asked, daemon.port, "socks")
                assert (answer.status, answer.body) == (200, b"{}")
                assert proxy.asked == [b"api.test:80"]

    run_on("asyncio", main)
