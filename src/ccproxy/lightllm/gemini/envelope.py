"""Code Assist's envelope around a call of the Gemini API, as gemini-cli writes it.

Source: gemini-cli, packages/core/src/code_assist/converter.ts. A call is `{"model", "project", "user_prompt_id",
"request": {…, "session_id"}}`; counting is `{"request": {"model": "models/…", "contents"}}`, and its answer bare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccproxy.lightllm.gemini.names import camel

MODELS = "models/"
SESSION = "session_id"
"""A member of the call in an envelope that the Gemini API does not have, and refuses."""
SESSIONS = (SESSION, "sessionId")
"""How clients spell it that know of it."""
FOREIGN = frozenset({"model", "metadata", *SESSIONS})
"""Members that clients put into the call, and that its envelope does not hold, or not as they are."""
COUNTED = frozenset({"model", "contents"})
"""All that Code Assist counts."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What an envelope tells beside the call."""

    session: str
    prompt: str
    project: str | None = None
    """None where it is not known: then the envelope does without."""


def is_wrapped(document: Mapping[str, Any]) -> bool:
    """True for a body that has its call inside already."""
    return isinstance(document.get("request"), dict) and "contents" not in document


def wrap_call(document: Mapping[str, Any], model: str, ids: Ids) -> dict[str, Any]:
    """A body of generateContent in its envelope. What it holds is shared, not copied."""
    call = {name: value for name, value in document.items() if name not in FOREIGN}
    project = {"project": ids.project} if ids.project else {}
    name = model.removeprefix(MODELS)
    return {"model": name, **project, "user_prompt_id": ids.prompt, "request": call | {SESSION: ids.session}}


def wrap_count(document: Mapping[str, Any], model: str) -> dict[str, Any]:
    """A body of countTokens in its envelope, which holds the turns of the conversation and nothing else."""
    turns = counted_call(document).get("contents", [])
    return {"request": {"model": MODELS + model.removeprefix(MODELS), "contents": turns}}


def counted_call(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a body of countTokens asks about: a whole call may stand in a member of its own."""
    inner = camel(dict(document)).get("generateContentRequest")
    return inner if isinstance(inner, dict) else document


def own_session(document: Mapping[str, Any]) -> str | None:
    """The session that a call names itself; None where it names none in text."""
    told = (document.get(name) for name in SESSIONS)
    return next((value for value in told if isinstance(value, str) and value), None)


def left_out(document: Mapping[str, Any], *, counts: bool) -> list[str]:
    """The members of a body that its envelope does not hold, but for the model, which stands in another place."""
    if counts:
        return [name for name, value in counted_call(document).items() if name not in COUNTED and value]
    kept = (None, own_session(document))
    return [name for name in document if name == "metadata" or (name in SESSIONS and document[name] not in kept)]
