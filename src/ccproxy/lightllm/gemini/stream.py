"""Streams of the Gemini format, read and written."""

from __future__ import annotations

from ccproxy.lightllm.gemini.reader import StreamReader
from ccproxy.lightllm.gemini.writer import StreamWriter

__all__ = ["StreamReader", "StreamWriter"]
