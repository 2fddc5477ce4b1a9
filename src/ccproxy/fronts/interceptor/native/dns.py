"""DNS queries and their answers."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from mitmproxy.net.dns import response_codes, types

from ccproxy.exchange import Failure, HttpRequest, Message, RawRecord, Route, new_id
from ccproxy.fronts.interceptor.handover import BLOCKED
from ccproxy.fronts.interceptor.native.raw import count, origin_of

if TYPE_CHECKING:
    from mitmproxy.dns import DNSFlow, DNSMessage, ResourceRecord

    from ccproxy.exchange import Exchange
    from ccproxy.fronts.interceptor.native.failures import Causes
    from ccproxy.fronts.interceptor.native.ledger import Ledger

MOST_ANSWERS = 20
RECORDED = "ccproxy.dns_recorded"
ANSWERED_HERE = Route("local", None, None, None, "answered by ccproxy itself")


class DnsHooks:
    """The hooks of DNS flows.

    A flow is all queries of one connection with the same number; each of them is an exchange.
    """

    def __init__(self, ledger: Ledger, causes: Causes) -> None:
        self._ledger, self._causes = ledger, causes

    def dns_request(self, flow: DNSFlow) -> None:
        """A query came."""
        recorded = flow.metadata.get(RECORDED)
        if recorded is not None and flow.response is recorded:
            flow.response = None  # of an older query with the same number: mitmproxy would give it once more
        entry = self._ledger.find(flow)
        if entry is None:
            origin = origin_of("dns", flow.client_conn, flow.server_conn)
            request = HttpRequest("DNS", question(flow.request), [], http_version="")
            entry = self._ledger.begin(flow, request, origin, "dns", new_id() if recorded is not None else None)
            entry.exchange.raw = RawRecord()
        if flow.response is not None:
            entry.exchange.route = ANSWERED_HERE
        else:
            entry.exchange.forwarded = entry.exchange.request
        note(entry.exchange, flow.request, from_client=True)

    def dns_response(self, flow: DNSFlow) -> None:
        """An answer came, or was made here."""
        entry, answer = self._ledger.find(flow), flow.response
        if entry is None or answer is None:
            return
        note(entry.exchange, answer, from_client=False)
        flow.metadata[RECORDED] = answer
        if (record := entry.exchange.raw) is not None:
            record.status = response_codes.to_str(answer.response_code)
            record.answers = tuple(map(told, answer.answers[:MOST_ANSWERS]))
        reason = flow.metadata.get(BLOCKED)
        self._ledger.finish(flow, Failure("blocked", str(reason)) if reason is not None else None)

    def dns_error(self, flow: DNSFlow) -> None:
        """There is no answer."""
        entry = self._ledger.find(flow)
        if entry is not None and entry.exchange.destination is not None:
            if entry.exchange.raw is not None:
                entry.exchange.raw.status = response_codes.to_str(response_codes.SERVFAIL)  # mitmproxy answers so
            self._ledger.finish(flow, self._causes.failure(flow, entry.exchange.destination))


def question(message: DNSMessage) -> bytes:
    """`example.com A`."""
    asked = ", ".join(f"{each.name} {types.to_str(each.type)}" for each in message.questions)
    return asked.encode("utf-8", "replace")


def told(record: ResourceRecord) -> str:
    """`A 192.0.2.1`."""
    return f"{types.to_str(record.type)} {record}"


def note(exchange: Exchange, message: DNSMessage, *, from_client: bool) -> None:
    """Puts a message into the record."""
    record = exchange.raw
    if record is None:
        return
    content = packed(message)
    count(record, from_client, len(content))
    record.messages.append(Message(from_client, content, message.timestamp or time.time()))


def packed(message: DNSMessage) -> bytes:
    """Its bytes; none if it cannot be written."""
    try:
        return message.packed
    except (ValueError, struct.error):
        return b""
