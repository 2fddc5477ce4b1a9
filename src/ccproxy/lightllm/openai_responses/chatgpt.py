"""Requests as the backend of ChatGPT takes them that Codex talks to: the Responses API, with differences.

There is no public reference for it. What is here follows what it was seen to answer:
- It refuses, with 400 and `{"detail": "Unsupported parameter: NAME"}`, what is in `LEFT_OUT` and `ADVICE`, each probed
  live: github.com/langwatch/langwatch/pull/7507 and /7518, github.com/mnfst/llm-gateway/pull/1807,
  github.com/askalf/dario/issues/1009, github.com/BerriAI/litellm/pull/21209, docs.litellm.ai/docs/providers/chatgpt.
- "Store must be set to false", "Stream must be set to true", and `input` has to be a list
  (github.com/openai/codex/issues/26173).
- "Instructions are required" where the member is missing; an empty text is enough
  (github.com/Wei-Shaw/sub2api/pull/2257, github.com/icebear0828/codex-proxy/pull/112). Codex 0.169 sends none: its
  prompt is the first message of the developer. What is Codex's own is known by `client_metadata`, which others lack.
- "System messages are not allowed" in `input`, where those of the developer are
  (github.com/zyycn/codex-proxy-rs/pull/172).
- An item of reasoning with an id and without its encrypted content is looked up and not found; without the id it is
  taken (github.com/router-for-me/CLIProxyAPI/pull/4285).
Members that are named nowhere here go as they are: Codex gets new ones before anybody writes about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.lightllm.failures import InvalidCall

type Object = dict[str, Any]

WHERE = "the ChatGPT backend (/backend-api/codex/responses)"
STATE = "reasoning.encrypted_content"
"""What `include` asks for where nothing is stored: the model's thinking, for the next turn to bring along."""

OF_CODEX = "client_metadata"
"""A member that Codex sends and the public API has not."""

ADVICE: Mapping[str, str] = {
    "previous_response_id": "stores no responses: send the whole conversation in `input`",
    "conversation": "stores no conversations: send the whole of it in `input`",
    "prompt": "has no prompt templates: write the prompt into `instructions` and `input`",
    "background": "answers while the client waits, and not in the background: leave `background` out",
    "n": "gives one answer: ask as often as answers are wanted",
}
"""Members without which the answer would be another one, and what to do instead."""

LEFT_OUT = frozenset({
    "max_output_tokens", "max_tokens", "max_completion_tokens", "temperature", "top_p", "presence_penalty",
    "frequency_penalty", "seed", "top_logprobs", "max_tool_calls", "metadata", "user", "safety_identifier",
    "truncation", "prompt_cache_retention", "context_management",
})  # fmt: skip
"""Members that the backend refuses and can do without."""

USUAL: Mapping[str, tuple[Any, ...]] = {
    "truncation": ("disabled",),
    "top_logprobs": (0,),
    "metadata": ({},),
    "service_tier": ("auto", "default"),
    "background": (False,),
    "n": (1,),
}
"""Values that say what the backend does anyway: nobody misses them."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that the backend takes."""

    document: Object | None
    """Another document; None if the one that was given will do."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What did not come along, as `codex.NAME`."""


def fitted(document: Object) -> Fitted:
    """What becomes of a request's body, which is not changed itself.

    Raises InvalidCall for what cannot be had there: the message says what, and what to do.
    """
    for name, advice in ADVICE.items():
        if document.get(name) and not _is_usual(name, document[name]):
            raise InvalidCall(f"{name}: {WHERE} {advice}", name)
    left_out: dict[str, int] = {}
    out = {name: value for name, value in document.items() if _stays(name, value, left_out)}
    if out.get("store") is True:
        left_out["codex.store"] = 1
    out |= {"store": False, "stream": True, "input": _input(document.get("input"), left_out)}
    if out.get("instructions") is None and not out.get(OF_CODEX):
        out["instructions"] = ""
    if document.get("store") is not False:
        _bring_thinking(out)
    if document.get("input") is None:
        del out["input"]
    return Fitted(None if out == document else out, left_out)


def _stays(name: str, value: Any, left_out: dict[str, int]) -> bool:
    if value is None:
        return name not in LEFT_OUT and name not in ADVICE
    if _is_usual(name, value):
        return False
    if name in LEFT_OUT:
        left_out[f"codex.{name}"] = 1
        return False
    return name not in ADVICE


def _is_usual(name: str, value: Any) -> bool:
    return name in USUAL and any(value == usual and type(value) is type(usual) for usual in USUAL[name])


def _bring_thinking(out: Object) -> None:
    """A client that counts on its items being stored sends them back by their ids, or as it got them."""
    include = out.get("include")
    if include is None:
        out["include"] = [STATE]
    elif isinstance(include, list) and STATE not in include:
        out["include"] = [*include, STATE]


def _input(given: Any, left_out: dict[str, int]) -> Any:
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list):
        return given
    items = [_item(item, place, left_out) for place, item in enumerate(given)]
    return items if any(new is not old for new, old in zip(items, given, strict=True)) else given


def _item(item: Any, place: int, left_out: dict[str, int]) -> Any:
    if not isinstance(item, dict):
        return item
    kind = item.get("type", "message")
    if kind == "item_reference":
        raise InvalidCall(f"input[{place}]: {WHERE} stores no items: send the item itself", f"input[{place}]")
    if kind == "message" and item.get("role") == "system":
        return {**item, "role": "developer"}
    if kind == "reasoning" and item.get("id") and not item.get("encrypted_content"):
        left_out["codex.reasoning_id"] = left_out.get("codex.reasoning_id", 0) + 1
        return {name: value for name, value in item.items() if name != "id"}
    return item
