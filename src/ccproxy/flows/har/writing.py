"""Exchanges as a HAR 1.2: one page a flow, entry 2i is what passed between us and the provider, 2i+1 what passed
between the client and us. http://www.softwareishard.com/blog/har-12-spec/

Written flow by flow: what is kept of those that are done is a line for their page. Nothing is redacted here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from ccproxy import __version__
from ccproxy.exchange import Exchange
from ccproxy.flows.har.entries import entries, moment
from ccproxy.flows.har.facts import add_facts
from ccproxy.flows.har.timings import NONE
from ccproxy.flows.json_bytes import dumped
from ccproxy.flows.mflow.flow_facts import comment

CREATOR = {"name": "ccproxy", "version": __version__}


class Written(NamedTuple):
    """What became of the exchanges."""

    flows: int
    left_out: int
    """DNS, TCP and UDP, for which HAR has no place."""


class Output(Protocol):
    """What is written to: bytes."""

    def write(self, data: bytes, /) -> Any:
        """Takes all of it."""


def write(exchanges: Iterable[Exchange], output: Output) -> Written:
    """Writes all exchanges of HTTP; an entry a line, the pages last. Raises OSError."""
    pages: list[bytes] = []
    left_out = 0
    output.write(b'{"log":{"version":"1.2","creator":%b,"entries":[' % dumped(CREATOR))
    for ex in exchanges:
        if ex.protocol != "http":
            left_out += 1
            continue
        output.write(b"\n" if not pages else b",\n")
        provider, client = entries(ex)
        add_facts(ex, provider, client)
        output.write(dumped(provider) + b",\n")
        output.write(dumped(client))
        pages.append(dumped(_page(ex)))
    output.write(b'\n],"pages":[\n%b\n]}}\n' % b",\n".join(pages))
    return Written(len(pages), left_out)


def _page(ex: Exchange) -> dict[str, Any]:
    return {
        "id": ex.id,
        "title": f"ccproxy flow {ex.id}",
        "startedDateTime": moment(ex.timings.started),
        "pageTimings": {"onContentLoad": _after(ex, ex.timings.first_byte), "onLoad": _after(ex, ex.timings.finished)},
        "comment": comment(ex),
    }


def _after(ex: Exchange, moment: float | None) -> float:
    """Milliseconds since the page's start."""
    return NONE if moment is None else round(max(moment - ex.timings.started, 0.0) * 1000, 3)
