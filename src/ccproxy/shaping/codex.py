"""`ccproxy.shaping.codex`: what is asked of the ChatGPT backend, in the form that the backend takes."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.chatgpt import fitted
from ccproxy.pipeline.failures import Refusal
from ccproxy.shaping.shape_hooks import Work, shape_hook

BACKEND = b"/backend-api/codex/responses"


@shape_hook()
def codex(work: Work, params: Any) -> None:
    """Does what the hook `codex` does, again, since members of the shape are there now. The public API takes more, so
    requests to it stay as they are. Raises Refusal for what cannot be had."""
    if not work.incoming.target.partition(b"?")[0].endswith(BACKEND):
        return
    try:
        result = fitted(work.body)
    except InvalidCall as error:
        raise Refusal(400, "unsupported_parameter", str(error)) from error
    for name, count in result.left_out.items():
        work.left_out[name] = work.left_out.get(name, 0) + count
    if result.document is not None:
        work.replace(result.document)
