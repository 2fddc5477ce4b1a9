"""Streams of the Responses API."""

from __future__ import annotations

from ccproxy.lightllm.openai_responses.reader import StreamReader
from ccproxy.lightllm.openai_responses.writer import StreamWriter

__all__ = ["StreamReader", "StreamWriter"]
