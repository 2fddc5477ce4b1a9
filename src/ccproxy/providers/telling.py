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
    "file": "put the credential into that file",
}
"""What brings a credential back, by the type of its source."""

NEEDS_NONE = SourceState("", present=True)


def told(provider: Provider, state: SourceState, **more: Any) -> dict[str, Any]:
    """One credential as the control plane and `ccproxy auth --json` tell it; `more` is added."""
    source = provider.source
    return {
        "provider": provider.name,
        "type": provider.auth_type,
        "header": (source.header or "authorization") if source is not None else None,
        "where": state.where or None,
        "present": state.present,
        "usable": usable(state),
        "expires": iso(state.expires),
        "refreshed": iso(state.refreshed),
        "refreshable": state.refreshable,
        "error": state.error,
        "advice": None if state.present else advice(provider, state),
        **of_account(provider),
        **more,
    }


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
    return f"provider {provider.name!r}: no credential yet: {state.error}{hint}; its requests get 401"


def usable(state: SourceState) -> bool:
    """False also for one that is over, and whose last refresh failed."""
    over = state.expires is not None and state.expires <= time.time()
    return state.present and not (over and state.error)


def advice(provider: Provider, state: SourceState) -> str | None:
    """What brings it back, unless the error says that already."""
    said = state.error is not None and ("log in" in state.error or "run `" in state.error)
    return None if said else ADVICE.get(provider.auth_type or "")


def iso(moment: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC; None for a moment that no calendar has."""
    try:
        return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
