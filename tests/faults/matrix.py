"""The list of faults."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.answers import ANSWERS
from tests.faults.connections import CONNECTIONS
from tests.faults.fault import Fault
from tests.faults.http2 import HTTP2

FAULTS: list[Fault] = [*CONNECTIONS, *ANSWERS, *HTTP2]


def cases() -> Iterator[tuple[int, Fault, str, bool]]:
    """Each fault with each way and each mode in which it is met: number, fault, way, streamed."""
    for number, fault in enumerate(FAULTS):
        for way in fault.ways:
            for streamed in fault.modes:
                yield number, fault, way, streamed
