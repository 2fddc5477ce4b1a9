"""Which carrier a request goes by."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.config import Config
from ccproxy.exchange import Headers, HttpRequest, Origin
from ccproxy.simulator import respond
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.transport import Transport
from ccproxy.transport.ways import Ways
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.h2_peer import H2Peer, Stream

HANDSHAKE: Headers = [(b"Host", b"x"), (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]


def transport(origin: Origin, **settings: Any) -> Transport:
    """The real one, with a provider `p` at an origin."""
    config = Config.model_validate({"providers": {"p": {"type": "openai", "base_url": f"{origin}/v1"} | settings}})
    return Transport(Ways(config, {}), NativePool(Limits()), CurlCarrier(), EmbeddedCarrier(respond))


@pytest.mark.parametrize(("fields", "version"), [([(b"Host", b"x")], "2"), (HANDSHAKE, "1.1")], ids=["call", "upgrade"])
def test_a_websocket_is_http_1_even_where_calls_are_http_2(
    run: Run, trusted: Authority, fields: Headers, version: str
) -> None:
    """A server that has both, told apart by ALPN."""

    async def main() -> None:
        async def h2(stream: Stream) -> None:
            await stream.answer(b"ok")

        async with H2Peer(h2, trusted.server_context()) as both:
            way = transport(both.origin, http2=True)
            delivery = Delivery(both.origin, HttpRequest("GET", b"/", fields), "p")
            if version == "2":
                incoming = await way.send(delivery)
                assert (incoming.http_version, await incoming.read()) == (version, b"ok")
            else:
                with pytest.raises(TransportError) as caught:  # this server answers HTTP/2 alone
                    await way.send(delivery)
                assert "cannot be upgraded" not in str(caught.value)
                assert not both.streams
            await way.close()

    run(main)
