"""Changes of a payload that is made already: on with a thread, and with what was uploaded. They return a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

type Payload = dict[str, Any]

SINCE_FIRST_TYPED = 8758
"""Milliseconds from the first key to the question, as the application's pages tell them for a follow-up."""


def follow(payload: Mapping[str, Any], thread: Mapping[str, Any], question: str) -> Payload:
    """The payload as the next question of a thread.

    Args:
        payload: what `request.dump` made.
        thread: `backend_uuid` of its newest entry, `context_uuid`, and `read_write_token` if there is one.
        question: the user's turn alone: the thread has all others.

    A question that is asked in a space stays there: the application does not follow up in one.
    """
    params = dict(payload["params"])
    if params.get("target_collection_uuid"):
        return {**payload, "params": params}
    params |= {
        "query_source": "followup",
        "followup_source": "link",
        "last_backend_uuid": thread["backend_uuid"],
        "time_from_first_type": SINCE_FIRST_TYPED,
        "dsl_query": question,
    }
    for name, member in (("frontend_context_uuid", "context_uuid"), ("read_write_token", "read_write_token")):
        if thread.get(member):
            params[name] = thread[member]
    return {**payload, "params": params, "query_str": question}


def attach(payload: Mapping[str, Any], urls: Sequence[str]) -> Payload:
    """The payload with more attachments: URLs of what was uploaded."""
    params = payload["params"]
    return {**payload, "params": {**params, "attachments": [*params.get("attachments", ()), *urls]}}
