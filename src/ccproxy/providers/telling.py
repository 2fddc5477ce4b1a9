"""What is told of a provider's credential: everything but the credential."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from ccproxy.auth import SourceState
from ccproxy.providers.provider import Provider

ADVICE = {
    "anthropic_oauth": "log in with `claude`",
    "google_oauth": "log in with `gemini`",
    "google_auth": "put a service account's key there, or what `gcloud auth application-default login` writes",
    "codex_oauth": "log in with `codex login`",
    "command": "the command has to print the credential and to exit with status 0",
    "file": "put the credential into that file, or have `ccproxy auth store {name}` do it",
}
"""What brings a credential back, by the type of its source."""
REPLACING = {
    "command": "have the command print another one",
    "file": "put another one into that file, or have `ccproxy auth store {name}` do it",
}
"""The same where there is one that the provider refuses."""
NO_AUTH = "write auth: {{type: file, file: PATH}} for it in ccproxy.yaml, and then `ccproxy auth store {name}`"

NEEDS_NONE = SourceState("", present=True)
NOWHERE = SourceState("", present=False, error="it has no `auth`, and needs the session cookie of a browser")


def told(provider: Provider, state: SourceState, **more: Any) -> dict[str, Any]:
    """One credential as the control plane and `ccproxy auth --json` tell it; `more` is added."""
    refused = refusal(provider, state)
    return {
        "provider": provider.name,
        "type": provider.auth_type,
        "header": provider.credential_header if provider.source is not None else None,
        "where": state.where or None,
        "present": state.present,
        "usable": usable(state) and not refused,
        "expires": iso(state.expires),
        "refreshed": iso(state.refreshed),
        "refreshable": state.refreshable,
        "error": state.error,
        "advice": None if state.present and not refused else advice(provider, state),
        **refused,
        **of_account(provider),
        **({"remark": provider.remark} if provider.remark else {}),
        **more,
    }


def sourceless(provider: Provider) -> SourceState:
    """How it stands with a provider that has no source of a credential."""
    return NOWHERE if provider.lacks_credential else NEEDS_NONE


def refusal(provider: Provider, state: SourceState) -> dict[str, Any]:
    """When its credential was refused with 401, and why there is no other; nothing if it was not."""
    refused = provider.refusal if state.present else None
    return {"refused": iso(refused.moment), "error": refused.why} if refused is not None else {}


def of_account(provider: Provider) -> dict[str, Any]:
    """Of a Code Assist provider: which project its requests are made for, or why that is not known."""
    account = provider.code_assist
    if account is None or not account.is_looked_after:
        return {}
    return {"project": account.project, "project_error": account.trouble}


def missing(provider: Provider, state: SourceState) -> str:
    """The line of the log for a credential that is not there."""
    told = advice(provider, state)
    hint = f" ({told})" if told else ""
    if provider.source is None:
        return f"provider {provider.name!r}: no credential: {state.error}{hint}"
    return f"provider {provider.name!r}: no credential yet: {state.error}{hint}; its requests get 401"


def usable(state: SourceState) -> bool:
    """False also for one that is over, and whose last refresh failed."""
    over = state.expires is not None and state.expires <= time.time()
    return state.present and not (over and state.error)


def advice(provider: Provider, state: SourceState) -> str | None:
    """What brings it back, or another in its place, unless the error says that already."""
    error = refusal(provider, state).get("error", state.error) or ""
    if "log in" in error or "run `" in error:
        return None
    advices = ADVICE | REPLACING if state.present else ADVICE
    told = NO_AUTH if provider.lacks_credential else advices.get(provider.auth_type or "")
    return told and told.format(name=provider.name)


def iso(moment: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC; None for a moment that no calendar has."""
    try:
        return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
