"""What a client asked for, where its answer is written anew in its own format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.lightllm.asked import Asked

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry


def asked_of(inquiry: Inquiry) -> Asked:
    """What writers look at. A further choice is counted as left out: hooks and writers know one."""
    endpoint = inquiry.endpoint
    assert endpoint is not None
    try:
        inquiry.document()
        document = inquiry.draft.text_document()
    except Refused:
        document = None
    document = document if isinstance(document, dict) else {}
    asked = Asked(inquiry.model() or "", document, inquiry.sse, inquiry.wrapped)
    further = choices(document, endpoint.format) - 1
    if further > 0:
        asked.drops.add("choices", count=further)
    return asked


def choices(document: Mapping[str, Any], format: WireFormat) -> int:
    """How many answers are asked for."""
    match format:
        case WireFormat.OPENAI:
            asked = document.get("n")
        case WireFormat.GEMINI:
            inner = document.get("request")
            settings = (inner if isinstance(inner, dict) else document).get("generationConfig")
            asked = settings.get("candidateCount") if isinstance(settings, dict) else None
        case _:
            asked = None
    return asked if isinstance(asked, int) else 1
