"""What a target format cannot carry: rules with names, counted where they apply, told to the client in a header."""

from __future__ import annotations

import re

RULES: dict[str, str] = {
    "cache_control": "Cache markers are Anthropic's; other providers cache by themselves.",
    "server_tools": "A tool that a provider runs itself, which another provider does not have.",
    "server_tool_blocks": "Calls and results of a provider's own tools that the target has no form for.",
    "thinking": "Thinking in the history is left out where the target cannot take it without its vendor's signature.",
    "signature": "Signatures and encrypted reasoning of another vendor: only that vendor can read them.",
    "media": "A kind of image, sound, video or document that the target does not take.",
    "file_id": "Files are uploaded to one provider; another cannot see them.",
    "document_metadata": "Title, context and citation settings of a document.",
    "image_detail": "How closely an image is to be looked at.",
    "citations": "Sources that the target has no form for.",
    "logprobs": "Log-probabilities: Anthropic has none, and Responses none but those of text.",
    "choices": "Only the first of several choices or candidates crosses.",
    "strict": "Strict tool schemas, where the target has no such switch.",
    "schema": "Constraints in a schema that the target refuses, such as a least length, or all of a schema.",
    "parallel_tool_calls": "The switch for parallel tool calls, where the target has none.",
    "tool_choice": "A choice of tools that the target cannot express; the nearest one is sent, if there is one.",
    "reasoning": "Controls of thinking that the target does not have, or that contradict another setting there.",
    "sampling": "Sampling settings that the target does not know or refuses beside others.",
    "stop_sequences": "The target has no stop sequences, or takes fewer.",
    "json_mode": "JSON of any shape: the target has only JSON of a schema, or none.",
    "invalid_arguments": "Arguments of a tool call that are not a JSON object are wrapped as the member `arguments`.",
    "unmatched_result": "The result of a call that the conversation does not hold is sent as text.",
    "is_error": "The mark that a tool's result is an error; the words of the result say so themselves.",
    "service_tier": "A service tier that the target does not have.",
    "metadata": "Key-value pairs that the target does not store.",
    "user": "The end user's id.",
    "field": "A request field that the target has no place for; named with it.",
    "instructions": "System prompts of a question in a thread of the provider that may have begun with others.",
    "unknown_block": "A content block that ccproxy does not know.",
    "custom_tool": "Free-text tools become tools with one text argument, `input`.",
}
"""Name of each rule and its reason. docs/formats.md lists them."""


UNSAFE = re.compile(r"[^a-zA-Z0-9_.-]")
LONGEST_DETAIL = 64
MOST_NAMES = 60
"""Different names that are told apart; clients may make up fields, and read 16 KiB of header fields at most (Node)."""


class Drops:
    """What was left out of one message, by rule."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, rule: str, detail: str = "", count: int = 1) -> None:
        """Counts something left out. `rule` is a key of RULES; `detail` names a field, which a client may have made up:
        what has no place in a header is replaced by `_`."""
        assert rule in RULES, rule
        name = f"{rule}.{UNSAFE.sub('_', detail[:LONGEST_DETAIL])}" if detail else rule
        if name not in self.counts and len(self.counts) >= MOST_NAMES:
            name = rule
        self.counts[name] = self.counts.get(name, 0) + count

    def update(self, other: Drops) -> None:
        """Takes over another count."""
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count

    def header(self) -> str:
        """The value of `x-ccproxy-dropped`, such as `cache_control=3, server_tools=1`; empty if nothing was."""
        return ", ".join(f"{name}={count}" for name, count in self.counts.items())

    def __bool__(self) -> bool:
        return bool(self.counts)
