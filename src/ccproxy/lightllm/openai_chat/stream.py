"""Chat Completions as a stream."""

from __future__ import annotations

from ccproxy.lightllm.openai_chat.reader import StreamReader
from ccproxy.lightllm.openai_chat.writer import StreamWriter

__all__ = ["StreamReader", "StreamWriter"]
