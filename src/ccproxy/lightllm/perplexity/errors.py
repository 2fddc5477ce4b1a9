"""Errors of the web application."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
from ccproxy.lightllm.events import WireError


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body holds."""
    return error_reading.read_error(document, status, WireFormat.PERPLEXITY)
