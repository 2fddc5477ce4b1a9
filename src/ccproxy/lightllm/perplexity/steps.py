"""What the web application does before it answers, and what it asks back.

A step is `{uuid, step_type, <step_type in small letters>_content | content}`; `tool_name` and `tool_input_summary`
beside its content fill what that leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

type Step = dict[str, Any]
type Content = Mapping[str, Any]

ASKING = frozenset({"RESEARCH_CLARIFYING_QUESTIONS", "CLARIFYING_QUESTIONS"})
LONGEST = 500
"""Characters of what a line says of one thing."""


def kind_of(step: Step) -> str:
    """The step's type, in capital letters."""
    kind = step.get("step_type")
    return kind.upper() if isinstance(kind, str) else ""


def content_of(step: Step) -> dict[str, Any]:
    """What a step is about."""
    inner = step.get(f"{kind_of(step).lower()}_content") or step.get("content")
    outer = {name: step[name] for name in ("tool_name", "tool_input_summary") if step.get(name)}
    return {**outer, **_known(inner)} if isinstance(inner, dict) else outer


def questions(step: Step) -> list[str]:
    """What the user is asked back."""
    if kind_of(step) not in ASKING:
        return []
    content = content_of(step)
    return texts(content.get("questions") or content.get("clarifying_questions"), "question", "text", "title")


def results(step: Step) -> list[Any]:
    """What a search found."""
    found = content_of(step).get("web_results")
    return found if isinstance(found, list) else []


def words(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict | list):
        value = _json(value) if value else ""
    text = " ".join(str(value).split()) if value is not None and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # more levels than orjson writes
        return "…"


def merged(old: Step, new: Step) -> Step:
    """A step with all that is known of it: what comes later is fuller, where it says anything."""
    if not old:
        return new
    known = _known(new)
    inner = {n: {**old[n], **v} for n, v in known.items() if isinstance(v, dict) and isinstance(old.get(n), dict)}
    return {**old, **known, **inner}


def _known(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value or value == 0}


def said(*names: str) -> Callable[[Content], str]:
    """The first of these members that says something."""
    return lambda content: next((text for name in names if (text := words(content.get(name)))), "")


def texts(value: Any, *names: str) -> list[str]:
    """Texts of a list of them, or of objects that have one by one of these names."""
    each = value if isinstance(value, list) else [value]
    names = names or ("query", "url", "name", "filename", "title", "text")
    return [text for one in each if (text := said(*names)(one) if isinstance(one, dict) else words(one))]
