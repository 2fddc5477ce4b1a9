"""Bodies of the web application that are no stream: an error, or the one event that a stream would have had."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.perplexity.errors import read_error, read_event_error
from ccproxy.lightllm.perplexity.reader import StreamReader
from ccproxy.lightllm.perplexity.telling import Events

SIGNS = frozenset({"blocks", "final_sse_message", "text"})
"""Any of these members shows that a body is an event."""


def read_body(document: Any) -> Events:
    """The events of a whole answer. Raises Malformed."""
    error = read_event_error(document) if isinstance(document, dict) else None
    if error is None and (not isinstance(document, dict) or SIGNS.isdisjoint(document)):
        error = read_error(document, 0)
        if error is None:
            raise Malformed("the provider's answer is no event of the web application")
    if error is not None:
        return [ev.Error(error)]
    reader = StreamReader(whole=True)
    return [*reader.read_event(document), *reader.end()]
