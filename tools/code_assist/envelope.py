"""What Code Assist takes and what it answers, as bytes: a judge of the one and a maker of the other.

Source: gemini-cli, packages/core/src/code_assist/converter.ts. Written without looking at `ccproxy.lightllm`, which is
what is judged here.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

GENERATE = ("generateContent", "streamGenerateContent")
OUTER = frozenset({"model", "project", "user_prompt_id", "request"})
PROJECT = "conformance-project"
TRACE = "traceId"
SIBLINGS: tuple[tuple[str, Any], ...] = (
    ("remainingCredits", [{"creditType": "GOOGLE_ONE_AI", "creditAmount": "12"}]),
    ("consumedCredits", []),
    ("note", 'é \\ "response": {"candidates": ['),
    ("metadata", {"response": {"candidates": []}, "error": None}),
)
"""Members that stand beside the answer, some of them to mislead."""


class MalformedError(ValueError):
    """It is no call that Code Assist would take; says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call without its envelope."""

    model: str
    body: bytes


def opened(action: str, query: str, body: bytes) -> Call:
    """What is in an envelope. Raises MalformedError."""
    if action not in GENERATE:
        raise MalformedError(f"unknown action {action}")
    if action == "streamGenerateContent" and "alt=sse" not in query.split("&"):
        raise MalformedError("a stream without alt=sse")
    outer = _object(body)
    inner, model = outer.get("request"), outer.get("model")
    if not isinstance(inner, dict) or not isinstance(model, str) or not model or "/" in model:
        raise MalformedError(f"model {model!r}, request of type {type(inner).__name__}")
    if unknown := outer.keys() - OUTER:
        raise MalformedError(f"unknown members {sorted(unknown)}")
    if outer.get("project", PROJECT) != PROJECT:
        raise MalformedError(f"project {outer['project']!r}")
    if "model" in inner or "request" in inner:
        raise MalformedError("a model or another request in the call")
    for place, name in ((outer, "user_prompt_id"), (inner, "session_id")):
        if not (isinstance(place.get(name), str) and place[name]):
            raise MalformedError(f"{name} {place.get(name)!r}")
    del inner["session_id"]
    return Call(model, json.dumps(inner, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise MalformedError(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedError(f"not an object but {type(document).__name__}")
    return document


def is_answer(text: bytes) -> bool:
    """Whether this is what Code Assist has an envelope for: an object that is no error."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and "error" not in document


def wrapped(answer: bytes, chance: random.Random, *, lines: bool) -> bytes:
    """An answer in an envelope, its own bytes untouched. With `lines` there may be line breaks between the members."""
    siblings = [(TRACE, f"{chance.getrandbits(64):016x}"), *chance.sample(SIBLINGS, chance.randrange(3))]
    members = [json.dumps(name).encode() + b": " + _json(value, chance) for name, value in siblings]
    members.insert(chance.randrange(len(members) + 1), b'"response"' + chance.choice((b":", b": ", b" :\t")) + answer)
    space = chance.choice((b"", b" ", b"\n") if lines else (b"", b" "))
    return b"{" + space + (b"," + space).join(members) + space + b"}"


def _json(value: Any, chance: random.Random) -> bytes:
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode()


def error(message: str) -> bytes:
    """A refusal as Google writes it."""
    told = {"code": 400, "message": f"conformance shim: {message}", "status": "INVALID_ARGUMENT"}
    return json.dumps({"error": told}).encode()
