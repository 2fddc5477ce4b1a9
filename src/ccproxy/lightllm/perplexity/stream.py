"""Streams of the web application. They are read only: no client speaks the format."""

from __future__ import annotations

from ccproxy.lightllm.perplexity.reader import StreamReader

__all__ = ["StreamReader"]
