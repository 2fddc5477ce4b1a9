"""Log-probabilities of tokens, in the form that both OpenAI formats have: what is none of it stays out."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import BlockStop, Event, LogprobsDelta, TextDelta

type Token = dict[str, Any]


def put_late(tokens: list[Token], events: list[Event]) -> None:
    """Puts tokens into the block of the last text in `events`, which something else in the same document has closed."""
    said = next((event.index for event in reversed(events) if type(event) is TextDelta), -1)
    if (stop := BlockStop(said)) in events:
        events.insert(events.index(stop), LogprobsDelta(said, tokens))


def whole_tokens(value: Any) -> list[Token]:
    """The tokens of a list that have their text and their number, with alternatives that have them."""
    if not isinstance(value, list):
        return []
    return [_token(token) for token in value if _is_token(token)]


def _is_token(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("token"), str) and _is_number(value.get("logprob"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _token(token: Token) -> Token:
    others = token.get("top_logprobs") or []
    if isinstance(others, list) and all(map(_is_token, others)):
        return token
    return {**token, "top_logprobs": [other for other in others if _is_token(other)] if type(others) is list else []}
