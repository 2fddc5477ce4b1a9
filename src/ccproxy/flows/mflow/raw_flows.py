"""What is not HTTP as mitmproxy's own kinds of flows: DNS, TCP, UDP. For `ccproxy.flows.mflow.writing`."""

from __future__ import annotations

import struct
from itertools import starmap

from mitmproxy.connection import Client, Server
from mitmproxy.dns import DNSFlow, DNSMessage
from mitmproxy.tcp import TCPFlow, TCPMessage
from mitmproxy.udp import UDPFlow, UDPMessage

from ccproxy.exchange import Exchange, Message

type RawFlow = DNSFlow | TCPFlow | UDPFlow


def make(ex: Exchange, client: Client, server: Server) -> RawFlow:
    """An empty flow of the exchange's kind; of DNS whose query cannot be read, one of UDP."""
    if ex.protocol == "dns" and (request := _dns(ex, from_client=True)) is not None:
        flow = DNSFlow(client, server)
        flow.request = request
        return flow
    return TCPFlow(client, server) if ex.protocol == "tcp" else UDPFlow(client, server)


def fill(flow: RawFlow, ex: Exchange) -> None:
    """Brings a flow's messages up to date."""
    if isinstance(flow, DNSFlow):
        flow.request = _dns(ex, from_client=True) or flow.request
        flow.response = _dns(ex, from_client=False)
        return
    messages = [] if ex.raw is None else list(ex.raw.messages)
    parts = [(message.from_client, message.content, message.time) for message in messages]
    if isinstance(flow, TCPFlow):
        flow.messages = list(starmap(TCPMessage, parts))
    else:
        flow.messages = list(starmap(UDPMessage, parts))


def _dns(ex: Exchange, *, from_client: bool) -> DNSMessage | None:
    """The last message that one side sent: a client may ask again."""
    for message in reversed([] if ex.raw is None else ex.raw.messages):
        if message.from_client is from_client:
            return _unpacked(message)
    return None


def _unpacked(message: Message) -> DNSMessage | None:
    try:
        return DNSMessage.unpack(message.content, message.time)
    except (struct.error, ValueError, IndexError):
        return None
