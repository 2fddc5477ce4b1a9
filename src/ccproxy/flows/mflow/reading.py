"""Flow files of mitmproxy as exchanges: those that ccproxy wrote come back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mitmproxy.exceptions import FlowReadException
from mitmproxy.flow import Flow
from mitmproxy.io import FlowReader

from ccproxy.exchange import Exchange
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.reading import FormatOf
from ccproxy.flows.mflow.facts import recorded
from ccproxy.flows.mflow.foreign import foreign

UNREADABLE = (
    FlowReadException, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError, AssertionError
)  # fmt: skip
"""What mitmproxy raises at a flow that is none."""


def read(path: Path, format_of: FormatOf) -> Iterator[Exchange]:
    """The exchanges of a file, in its order. What comes before a flow that is cut off or damaged is given first.

    Raises OSError, and FlowFileError: behind a flow that cannot be read nothing can be found.
    """
    with path.open("rb") as file:
        for flow in flows_of(file, path.stat().st_size):
            yield _exchange(flow, format_of)


def _exchange(flow: Flow, format_of: FormatOf) -> Exchange:
    try:
        return recorded(flow) or foreign(flow, format_of)
    except FlowFileError:
        raise
    except UNREADABLE as error:  # mitmproxy takes what is of another type, too
        raise FlowFileError(f"the flow {flow.id} is damaged: {error!r}") from error


def flows_of(file: BinaryIO, size: int) -> Iterator[Flow]:
    """mitmproxy's flows out of an open file of `size` bytes. Raises OSError, and FlowFileError as `read` does."""
    flows = iter(FlowReader(file).stream())
    number, begins = 1, 0
    while True:
        begins = file.tell()
        try:
            flow = next(flows)
        except StopIteration:
            return
        except UNREADABLE as error:
            why = "is cut off" if file.tell() >= size else "is damaged"
            if "version" in str(error):  # in mitmproxy's words: it is newer, or too old
                why = f"is not known: {error}"
            raise FlowFileError(f"flow {number}, at byte {begins} of {size}, {why}") from error
        yield flow
        number += 1
