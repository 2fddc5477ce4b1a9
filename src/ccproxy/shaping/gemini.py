"""`ccproxy.shaping.gemini`: the ids of a call that is wrapped for Code Assist."""

from __future__ import annotations

from typing import Any

from ccproxy.shaping.regenerate import ids_for
from ccproxy.shaping.shape import PROMPT_ID, SESSION_ID
from ccproxy.shaping.shape_hooks import Work, shape_hook

WRAPPED_ONLY = ("session_id", "user_prompt_id")
"""Members of Code Assist's envelope and of the call in it. The public API knows neither, and refuses them."""


@shape_hook()
def gemini(work: Work, params: Any) -> None:
    """Fills in the session's and the prompt's id where the call is wrapped, and leaves them out where it is not."""
    if work.wrapped is None:
        for name in WRAPPED_ONLY:
            if name not in work.incoming.body:
                work.body.pop(name, None)
        return
    ids = ids_for(work)
    for hole in work.holes:
        hole.fill(SESSION_ID, ids[SESSION_ID])
        hole.fill(PROMPT_ID, ids[PROMPT_ID])
