"""A model call between formats: pydantic-ai messages, tools and settings, and typed fields for the rest.

How wire facts sit in pydantic-ai's types, where its own fields do not say it (source: pydantic_ai.messages):

- `SystemPromptPart`: one a wire block or message, in its place in the list. `metadata`: `role` ("developer"),
  `cache_control`.
- `UserPromptPart.content`: always a list. Text is `str`, or `TextContent` with `metadata` (`cache_control` other than
  what a `CachePoint` can say). Media carry `vendor_metadata`: `detail`, `filename`, `title`, `context`, `citations`,
  `cache_control`. Plain text documents are `BinaryContent` of `text/plain`.
- `ToolReturnPart.content`: `str`, a list of the kinds a user prompt has, or an object (Gemini). `outcome` is "failed"
  for an error. `metadata`: `cache_control`.
- `TextPart.provider_details`: `refusal` (True), `cache_control`, `phase`. `ToolCallPart.args` is as the format has it:
  text or object; `provider_details`: `custom` (True), `cache_control`.
- `ThinkingPart`: `signature` holds vendor state and `provider_name` whose it is (a WireFormat value). Redacted
  thinking has the id `redacted_thinking` and no content. `id` is a Responses item's; `provider_details`: `summary`
  (list of texts), `content` (list of texts).
- `metadata` or `vendor_metadata` of any of these may hold `fields`: members that the origin's API alone knows. A part
  of a prompt that nobody knows is a `TextContent` without text whose `metadata` has it as `raw`.
- `NativeToolCallPart`, `NativeToolReturnPart`: the provider's own tools; `provider_details["raw"]` is the wire block
  and `provider_name` its format. Blocks that nobody knows are the same, with `tool_name` "unknown".
- `FilePart`: an image that a model made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_ai.messages import ModelMessage
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.drops import Drops


@dataclass(slots=True)
class ToolChoice:
    """Which tools the model may or must call. `names` limits the choice; "required" with one name forces that tool."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class OutputFormat:
    """Structured output: any JSON, or JSON of a schema."""

    schema: dict[str, Any] | None = None
    """None for JSON of any shape."""
    name: str = "response"
    description: str | None = None
    strict: bool | None = None


@dataclass(slots=True)
class Reasoning:
    """What a client wants of thinking. A field is None where it said nothing."""

    enabled: bool = True
    effort: str | None = None
    """minimal, low, medium, high, xhigh, max."""
    budget: int | None = None
    """Tokens; -1 lets the model decide (Gemini)."""
    adaptive: bool = False
    """The model decides how much (Anthropic `adaptive`)."""
    visible: bool | None = None
    """Whether thoughts are wanted in the answer (Gemini `includeThoughts`)."""
    summary: str | None = None
    """Responses: auto, concise, detailed."""


@dataclass(slots=True)
class ServerTool:
    """A tool that the provider runs itself. `name` is neutral where it can be (`web_search`, `code_execution`)."""

    name: str
    raw: dict[str, Any]
    origin: WireFormat


@dataclass(slots=True)
class ModelCall:
    """One request to a model, of any format."""

    origin: WireFormat
    model: str
    messages: list[ModelMessage] = field(default_factory=list)
    tools: list[ToolDefinition] = field(default_factory=list)
    """`metadata` may hold `cache_control`, and `custom` (`format` of an OpenAI custom tool, as Responses has it)."""
    server_tools: list[ServerTool] = field(default_factory=list)
    settings: ModelSettings = field(default_factory=ModelSettings)
    """max_tokens, temperature, top_p, top_k, seed, presence_penalty, frequency_penalty, logit_bias, stop_sequences,
    parallel_tool_calls."""
    tool_choice: ToolChoice | None = None
    output: OutputFormat | None = None
    reasoning: Reasoning | None = None
    stream: bool = False
    include_usage: bool = False
    user: str | None = None
    """The end user's id."""
    metadata: dict[str, Any] | None = None
    """OpenAI's key-value pairs."""
    service_tier: str | None = None
    """As OpenAI names them: auto, default, flex, priority; Anthropic's standard_only reads as default."""
    verbosity: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    choices: int | None = None
    prompt_cache_key: str | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    """Fields of the origin that have no place above; only a writer of the same format may use them."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What is configured of the provider for the writer of its format: only Perplexity's looks at it."""
    drops: Drops = field(default_factory=Drops)
    wording: dict[str, Any] = field(default_factory=dict)
    """How the origin put what it could have put otherwise (`max_tokens` by its older name), for a writer of the same
    format. Nothing is lost where it is not looked at."""
