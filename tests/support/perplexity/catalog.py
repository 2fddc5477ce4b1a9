"""What the web application calls its models: from the specification, not from the program under test."""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """A model: the id that clients use, the web application's own name and mode, and the subscription it needs."""

    id: str
    identifier: str
    mode: str
    tier: str


MODELS = (
    Known("perplexity/best", "default", "search", "pro"),
    Known("perplexity/deep-research", "pplx_alpha", "research", "pro"),
    Known("perplexity/sonar-2", "experimental", "copilot", "pro"),
    Known("perplexity/pro", "pplx_pro", "copilot", "pro"),
    Known("perplexity/reasoning", "pplx_reasoning", "copilot", "pro"),
    Known("openai/gpt-5.4", "gpt54", "copilot", "pro"),
    Known("openai/gpt-5.4-thinking", "gpt54_thinking", "copilot", "pro"),
    Known("openai/gpt-5.5", "gpt55", "copilot", "max"),
    Known("openai/gpt-5.5-thinking", "gpt55_thinking", "copilot", "max"),
    Known("openai/o3", "o3", "copilot", "pro"),
    Known("openai/o3-pro", "o3pro", "copilot", "max"),
    Known("google/gemini-3.1-pro-thinking-low", "gemini31pro_low", "copilot", "pro"),
    Known("google/gemini-3.1-pro-thinking-high", "gemini31pro_high", "copilot", "pro"),
    Known("anthropic/claude-sonnet-4.6", "claude46sonnet", "copilot", "pro"),
    Known("anthropic/claude-sonnet-4.6-thinking", "claude46sonnetthinking", "copilot", "pro"),
    Known("anthropic/claude-opus-4.7", "claude47opus", "copilot", "max"),
    Known("anthropic/claude-opus-4.7-thinking", "claude47opusthinking", "copilot", "max"),
    Known("moonshot/kimi-k2.6-instant", "kimik26instant", "copilot", "pro"),
    Known("moonshot/kimi-k2.6-thinking", "kimik26thinking", "copilot", "pro"),
    Known("nvidia/nemotron-3-super-thinking", "nv_nemotron_3_super", "copilot", "pro"),
    Known("xai/grok-4", "grok4", "copilot", "pro"),
    Known("deepseek/r1", "r1", "copilot", "pro"),
)
MODES = {model.identifier: model.mode for model in MODELS}
