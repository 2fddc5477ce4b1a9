"""What a client asked for, as far as the writing of its answer depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.lightllm.drops import Drops


@dataclass(slots=True)
class Asked:
    """Everything a writer may look at. Writers take what they need when they are made and keep no more."""

    model: str = ""
    """The model the client named; an answer bears the provider's own name for it where there is one."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """The client's request body. The Responses format repeats parts of it; Chat has `stream_options` in it."""
    sse: bool = True
    """False for a Gemini client without `alt=sse`: its stream is one JSON array."""
    wrapped: bool = False
    """True for a client of Code Assist, whose answers are Gemini's in `{"response": …}`."""
    drops: Drops = field(default_factory=Drops)
    """Where a writer counts what it cannot carry."""
