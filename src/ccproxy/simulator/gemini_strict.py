"""Which members Google's bodies may have: its parser refuses a name that the message does not have.

Names are protobuf's (https://protobuf.dev/programming-guides/json/): in camelCase, or as the field is spelled in the
`.proto`. Code Assist's messages are those of gemini-cli's packages/core/src/code_assist/{converter,types}.ts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .errors import GOOGLE_TYPES, Trouble

UNKNOWN = 'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
FORBIDDEN = "forbidden"
CAPITAL = re.compile(r"[A-Z]")


def _spelled(*names: str) -> frozenset[str]:
    """Names in camelCase, and their twins in snake_case."""
    return frozenset(names) | {CAPITAL.sub(lambda found: "_" + found[0].lower(), name) for name in names}


ENVELOPE = _spelled("model", "project", "userPromptId", "request", "enabledCreditTypes")
CALL = _spelled(
    "contents",
    "systemInstruction",
    "cachedContent",
    "tools",
    "toolConfig",
    "labels",
    "safetySettings",
    "generationConfig",
    "sessionId",
)
COUNT = _spelled("request")
COUNTED = _spelled("model", "contents")
CODE_ASSIST_ONLY = _spelled("sessionId", "userPromptId", "project", "request", "enabledCreditTypes")
"""What the public API does not know; all else is left to it."""
LOAD = _spelled("cloudaicompanionProject", "metadata", "mode")
ONBOARD = _spelled("tierId", "cloudaicompanionProject", "metadata")


def only(known: frozenset[str], value: dict[str, Any], at: str = "") -> None:
    """Refuses members that are not known. `at` names the member of the body that `value` is.

    Raises:
        Trouble: 400, with the name of each.
    """
    refuse((name for name in value if name not in known), at)


def public(body: dict[str, Any]) -> None:
    """Refuses what belongs into Code Assist's envelope.

    Raises:
        Trouble: 400.
    """
    refuse(name for name in body if name in CODE_ASSIST_ONLY)


def call_inside(body: dict[str, Any], envelope: frozenset[str], call: frozenset[str]) -> dict[str, Any]:
    """The call in a body of Code Assist's.

    Raises:
        Trouble: 400 if there is none, or if there is more than that.
    """
    only(envelope, body)
    inner = body.get("request")
    if not isinstance(inner, dict):
        raise Trouble(400, "Request contains an invalid argument: request is not specified.")
    only(call, inner, "request")
    return inner


def model_inside(value: dict[str, Any], prefix: str = "") -> str:
    """The model's name without the prefix that it must have.

    Raises:
        Trouble: 400 if there is none.
    """
    name = value.get("model")
    if not isinstance(name, str) or not name.startswith(prefix) or name == prefix:
        raise Trouble(400, f"Request contains an invalid argument: model is not {prefix or 'specified'}.")
    return name.removeprefix(prefix)


def check_project(project: object) -> None:
    """Refuses a project that is not the caller's, by the word in its name.

    Raises:
        Trouble: 403.
    """
    if isinstance(project, str) and FORBIDDEN in project:
        raise Trouble(403, f"Permission denied on resource project {project}.")


def refuse(names: Iterable[str], at: str = "") -> None:
    """Refuses members by their names, if there are any.

    Raises:
        Trouble: 400.
    """
    told = [UNKNOWN.format(name=name, at=f" at '{at}'" if at else "") for name in names]
    if told:
        violations = [{"field": at, "description": each} if at else {"description": each} for each in told]
        detail = {"@type": f"{GOOGLE_TYPES}BadRequest", "fieldViolations": violations}
        raise Trouble(400, "\n".join(told), details=[detail])
