"""`commitbee_compat`: bare JSON for commitbee, which reads answers as JSON and stumbles over a code fence."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import hook


class Params(BaseModel):
    """By what commitbee is known, and what is said to the model."""

    model_config = ConfigDict(extra="forbid")

    pattern: re.Pattern[str] = re.compile(
        r"\bconventional commits?\b[^.]*\bgenerat|\bgenerat\w*\b[^.]*\bconventional commit", re.IGNORECASE
    )
    """Found in the system prompt of its requests: that they are about generating Conventional Commits."""
    instruction: str = "Answer with the JSON object alone: no code fence, no word before it, no word after it."


@hook(stage="outbound", reads=["system"], writes=["system"], params=Params)
def commitbee_compat(ctx: Context, params: Params) -> None:
    """Asks for bare JSON in the last part of the system prompt that is commitbee's."""
    parts = [part for part in ctx.system if params.pattern.search(part.content)]
    if parts and params.instruction not in parts[-1].content:
        parts[-1].content += f"\n\n{params.instruction}"
