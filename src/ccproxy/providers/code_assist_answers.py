"""What Code Assist answers to those who set up an account.

Source: gemini-cli, packages/core/src/code_assist/setup.ts and types.ts.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import orjson

from ccproxy.auth import Posted
from ccproxy.auth.redaction import hidden

type Object = dict[str, Any]

LONGEST = 300
"""Characters of what is told of an answer."""
TO_WAIT = "it is tried again as requests come"
TO_LOG_IN = "log in again, for example with `gemini`"
TO_NAME = "name a Google Cloud project of yours in the provider: `project: ID`"
TO_CHECK = f"see to it that the account may use Code Assist, or {TO_NAME}"
TO_CHANGE = "see to it that the account may use it, or name another"
TO_CONFIRM = "confirm it with Google, for example where `gemini` leads you"
LINK = re.compile(r"https://[!-~]{1,292}")
"""What may be told as an address to open."""


class SetupFailed(Exception):
    """The account is not ready. `reason` says why, in Google's words if there are any, `advice` what to do."""

    def __init__(self, reason: str, advice: str = TO_WAIT) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice

    def told(self, tokens: Collection[str]) -> str:
        """Both as they can be told: in one line, not too long, none of the tokens in it."""
        reason = hidden(self.reason, tokens)
        return f"{shortened(reason)} ({hidden(self.advice, tokens)})"


class BehindPerimeter(SetupFailed):
    """The account's projects are kept apart (VPC Service Controls), which gemini-cli takes for a tier of its own."""


def read(answer: Posted, project: str | None = None) -> Object:
    """The object of an answer. Raises SetupFailed for an error, and for what is no JSON object.

    `project`: the one that is configured, for which it was asked.
    """
    try:
        document = orjson.loads(answer.body)
    except ValueError:
        document = None
    if answer.status >= 400 or (isinstance(document, dict) and document.get("error")):
        raise refusal(answer.status, document, project)
    if answer.status >= 300 or not isinstance(document, dict):
        raise SetupFailed(f"Google answered {answer.status} with something that is no JSON object")
    return document


def refusal(status: int, document: object, project: str | None = None) -> SetupFailed:
    """The exception for an error (cloud.google.com/apis/design/errors), which may stand in a list."""
    error = inner(document[0] if isinstance(document, list) and document else document, "error")
    answered = f"Google answered {status} {text(error, 'status')}".strip()
    reason = ": ".join(filter(None, (answered, text(error, "message"))))
    kept_apart = any(text(detail, "reason") == "SECURITY_POLICY_VIOLATED" for detail in objects(error, "details"))
    return (BehindPerimeter if kept_apart else SetupFailed)(reason, advice(status, project))


def advice(status: int, project: str | None) -> str:
    """What can be done about an error."""
    match status:
        case 401:
            return TO_LOG_IN
        case 403 if project is not None:
            return f"the project {shortened(project)}, which the provider names, was refused: {TO_CHANGE}"
        case 403:
            return TO_CHECK
    return TO_WAIT


def shortened(text: str) -> str:
    """Not too much of a text."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def project_in(document: Object) -> str | None:
    """The project of an answer: a name, or an object with one."""
    found = document.get("cloudaicompanionProject")
    name = found.get("id") if isinstance(found, dict) else found
    usable = isinstance(name, str) and name.isprintable() and 0 < len(name.strip()) <= LONGEST
    return name.strip() if usable and isinstance(name, str) else None


def tier_to_take(document: Object) -> str | None:
    """The id of the tier that an account without one is meant to have."""
    return next((text(tier, "id") or None for tier in objects(document, "allowedTiers") if tier.get("isDefault")), None)


def require_valid(document: Object) -> None:
    """Raises SetupFailed for an account that a person has to confirm first."""
    for tier in objects(document, "ineligibleTiers"):
        if text(tier, "reasonCode") == "VALIDATION_REQUIRED" and (url := text(tier, "validationUrl")):
            to_do = f"open {url}" if LINK.fullmatch(url) else TO_CONFIRM
            raise SetupFailed(f"the account has to be confirmed: {text(tier, 'reasonMessage')}", to_do)


def without_project(document: Object) -> SetupFailed:
    """The exception for an account to which no project belongs."""
    said = [text(tier, "reasonMessage") for tier in objects(document, "ineligibleTiers")]
    reasons = "; ".join(dict.fromkeys(filter(None, said)))
    if reasons:
        return SetupFailed(f"Google says: {reasons}", f"use another account, or {TO_NAME}")
    return SetupFailed("Google gives this account no project", TO_NAME)


def inner(value: object, name: str) -> Object:
    """An object in an object; empty if there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def objects(value: Object, name: str) -> list[Object]:
    """The objects of a list in an object."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(value: Object, name: str) -> str:
    """A text in an object; empty if there is none."""
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""
