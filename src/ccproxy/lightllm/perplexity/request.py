"""What the web application is asked."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall


def load(document: Any, model: str | None, stream: bool | None) -> ModelCall:
    """Reads a payload. Raises InvalidCall."""
    raise InvalidCall("no client speaks this format")


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a payload. Raises InvalidCall."""
    raise InvalidCall("not yet")
