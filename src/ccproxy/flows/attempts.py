"""How often a request was sent and what came of each time, in plain values."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import Attempt, Exchange
from ccproxy.flows.secrets.redact import redact_headers


def told_attempts(ex: Exchange) -> list[dict[str, Any]]:
    """Each attempt; `ms` are milliseconds from sending to the answer's head, null if none came and it goes on."""
    return [_told(attempt) for attempt in ex.attempts]


def _told(attempt: Attempt) -> dict[str, Any]:
    failure = attempt.failure
    return {
        "status": attempt.status,
        "error": {"kind": failure.kind, "message": failure.message} if failure is not None else None,
        "ms": None if attempt.ended is None else round((attempt.ended - attempt.started) * 1000, 2),
        "reused": attempt.reused,
        "note": attempt.note,
        "interim": [status for status, _ in attempt.interim],
        "headers": redact_headers(attempt.headers),
        "body": attempt.body.decode("utf-8", "replace"),
    }
