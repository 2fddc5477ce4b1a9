"""Tools that providers run themselves: which of one provider's is which of another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall

if TYPE_CHECKING:
    from pydantic_ai.messages import NativeToolCallPart, NativeToolReturnPart

DECLARATIONS: dict[str, dict[WireFormat, dict[str, Any]]] = {
    "web_search": {
        WireFormat.ANTHROPIC: {"type": "web_search_20250305", "name": "web_search"},
        WireFormat.OPENAI_RESPONSES: {"type": "web_search"},
        WireFormat.GEMINI: {"googleSearch": {}},
    },
    "web_fetch": {
        WireFormat.GEMINI: {"urlContext": {}},
    },
    "code_execution": {
        WireFormat.OPENAI_RESPONSES: {"type": "code_interpreter", "container": {"type": "auto"}},
        WireFormat.GEMINI: {"codeExecution": {}},
    },
}
"""How each provider declares a tool, where no more than the declaration is needed (Anthropic's code execution and
fetching need a beta header)."""

NAMES: tuple[tuple[str, str], ...] = (
    ("web_search", "web_search"),
    ("googleSearch", "web_search"),
    ("google_search", "web_search"),
    ("web_fetch", "web_fetch"),
    ("urlContext", "web_fetch"),
    ("url_context", "web_fetch"),
    ("code_execution", "code_execution"),
    ("codeExecution", "code_execution"),
    ("code_interpreter", "code_execution"),
)
"""Beginnings of the providers' names, and the neutral name."""


def neutral_name(native: str) -> str:
    """The neutral name of a provider's tool type: `web_search` for `web_search_20250305`; unknown ones keep theirs."""
    return next((name for prefix, name in NAMES if native.startswith(prefix)), native)


def declaration(name: str, format: WireFormat) -> dict[str, Any] | None:
    """How a format declares a tool of a neutral name; None if it has no such tool."""
    return DECLARATIONS.get(name, {}).get(format)


REFERENCE = "item_reference"
"""Stands for an item of Responses that the request only names: no tool, but carried like one."""


def rule_of(part: NativeToolCallPart | NativeToolReturnPart) -> str | None:
    """The rule that counts a block which the target has no form for.

    None where nothing is lost: the tools that an item of Responses declares are sent with the others. Raises
    InvalidCall for a reference, in whose place there would be a hole in the conversation.
    """
    if part.tool_name == REFERENCE:
        id = part.tool_call_id
        raise InvalidCall(
            f"input: item_reference {id!r} names an item that only the provider which made it knows", "input"
        )
    if part.tool_name == "additional_tools":
        return None
    return "unknown_block" if part.tool_name == "unknown" else "server_tool_blocks"
