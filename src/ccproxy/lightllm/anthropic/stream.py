"""Streams: reading a provider's, writing a client's."""

from __future__ import annotations

from ccproxy.lightllm.anthropic.reader import StreamReader
from ccproxy.lightllm.anthropic.writer import StreamWriter

__all__ = ["StreamReader", "StreamWriter"]
