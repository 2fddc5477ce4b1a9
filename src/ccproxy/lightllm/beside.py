"""What the end of an answer tells beside it (`Finish.metadata`): such as the provider's name of the conversation."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Finish


def told_beside(finish: Finish | None) -> dict[str, Any]:
    """The member of an answer's last document, or of its body, that says so; none where there is nothing to tell.

    No vendor's format has it but that of Responses. The official SDKs take it from a server: openai's and anthropic's
    show it to their users, google-genai's passes it over.
    """
    return {"metadata": finish.metadata} if finish is not None and finish.metadata else {}
