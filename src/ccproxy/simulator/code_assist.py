"""What Code Assist is asked besides answers: which account this is, what it may use, how many tokens a prompt has.

Messages as in gemini-cli's packages/core/src/code_assist/{types,setup}.ts. The kind of an account is a word in its
bearer token or in the project that it names, so that nothing has to be remembered; `docs/simulator.md` lists the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import gemini_strict
from .catalog import tokens_of
from .errors import Trouble, required
from .reading import as_text
from .wire import Request

PROJECT = "simulated-project"
STANDARD = {"id": "standard-tier", "name": "Gemini Code Assist", "description": "simulated", "isDefault": True}
FREE = {"id": "free-tier", "name": "Free", "description": "simulated", "isDefault": True}
INELIGIBLE = {
    "reasonCode": "UNSUPPORTED_LOCATION",
    "reasonMessage": "The simulated account is not eligible in this location.",
    "tierId": "free-tier",
    "tierName": "Free",
}
NAMED = {"cloudaicompanionProject": {"id": PROJECT, "name": PROJECT}}
OPERATION, ENDLESS = "operations/simulated", "operations/simulated-endless"
VERBS: dict[str, dict[str, Any]] = {
    "retrieveUserQuota": {"buckets": []},
    "listExperiments": {"experimentIds": [], "flags": []},
    "fetchAvailableModels": {"models": {}},
    "fetchAdminControls": {},
    "getCodeAssistGlobalUserSetting": {},
    "setCodeAssistGlobalUserSetting": {},
    "recordCodeAssistMetrics": {},
}
"""Calls that gemini-cli makes on the way, and answers that it is content with."""


@dataclass(frozen=True, slots=True)
class Account:
    """What loadCodeAssist and onboardUser answer."""

    loaded: dict[str, Any]
    onboarded: dict[str, Any] = field(default_factory=dict)


def _done(response: dict[str, Any]) -> dict[str, Any]:
    return {"name": OPERATION, "done": True, "response": response}


_TIERLESS = {"allowedTiers": [FREE], "gcpManaged": False}
_TIERED = {"currentTier": STANDARD, "allowedTiers": [STANDARD], "gcpManaged": False}
ACCOUNTS = {
    "no-tier": Account(_TIERLESS, {"name": OPERATION}),
    "endless": Account(_TIERLESS, {"name": ENDLESS}),
    "no-project": Account(_TIERED, _done({})),
    "ineligible": Account({"allowedTiers": [], "ineligibleTiers": [INELIGIBLE]}, _done({})),
    "": Account({**_TIERED, "cloudaicompanionProject": PROJECT}, _done(NAMED)),
}
"""A word in the bearer token or the project → the account."""


def load(request: Request) -> object:
    """POST /v1internal:loadCodeAssist."""
    gemini_strict.only(gemini_strict.LOAD, request.body)
    return _account(request).loaded


def onboard(request: Request) -> object:
    """POST /v1internal:onboardUser: an operation that may not be done yet.

    Raises:
        Trouble: 400 without a tier, or with a project for the tier that has one of Google's.
    """
    gemini_strict.only(gemini_strict.ONBOARD, request.body)
    tier = required(request.body, "tierId", str, "Request contains an invalid argument: tierId is not specified.")
    account = _account(request)
    if tier == FREE["id"] and request.body.get("cloudaicompanionProject"):
        raise Trouble(400, "Precondition check failed: the free tier takes no project.")
    return account.onboarded


def operation(request: Request) -> object:
    """GET /v1internal/operations/{name}: done, but for the one that never is.

    Raises:
        Trouble: 404 for all others.
    """
    _account(request)
    answers = {OPERATION: _done(NAMED), ENDLESS: {"name": ENDLESS}}
    return _known(answers, request.match[0] or "")


def verb(request: Request) -> object:
    """POST /v1internal:{verb}, whatever the body says.

    Raises:
        Trouble: 404 for a verb that is not known.
    """
    return _known(VERBS, request.match[0] or "")


def count(request: Request) -> object:
    """POST /v1internal:countTokens: of the turns only, and no more is told than the sum."""
    inner = gemini_strict.call_inside(request.body, gemini_strict.COUNT, gemini_strict.COUNTED)
    gemini_strict.model_inside(inner, "models/")
    return {"totalTokens": tokens_of(inner)}


def _account(request: Request) -> Account:
    token = request.fields.get(b"authorization", b"").decode("latin-1")
    project = as_text(request.body.get("cloudaicompanionProject"))
    if gemini_strict.FORBIDDEN in token + project:
        raise Trouble(403, "The caller does not have permission.")
    return next(account for word, account in ACCOUNTS.items() if word in token or word in project)


def _known(answers: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in answers:
        raise Trouble(404, f"Requested entity was not found: {name}.")
    return answers[name]
