"""`verbose_mode`: thinking in full where the client asks for it to be left out."""

from __future__ import annotations

from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import hook

UNWANTED = "redact-thinking-"


def speaks_anthropic(ctx: Context) -> bool:
    """True for a request in the manner of Anthropic's API that asks for something in beta."""
    headers = ctx.headers
    return "anthropic-beta" in headers and "anthropic-version" in headers


@hook(
    stage="outbound",
    reads=["headers.anthropic-version", "headers.anthropic-beta"],
    writes=["headers.anthropic-beta"],
    guard=speaks_anthropic,
)
def verbose_mode(ctx: Context, params: None) -> None:
    """Takes `redact-thinking-…` out of the header `anthropic-beta`, and the header itself if nothing else is in it."""
    asked = [item.strip() for value in ctx.headers.get_all("anthropic-beta") for item in value.split(",")]
    kept = [item for item in asked if item and not item.startswith(UNWANTED)]
    if not any(item.startswith(UNWANTED) for item in asked):
        return
    if kept:
        ctx.headers.set("anthropic-beta", ",".join(kept))
    else:
        ctx.headers.delete("anthropic-beta")
