"""What is left of the subscription."""

from __future__ import annotations

from typing import Any

QUOTA: dict[str, Any] = {
    "remaining_pro": 287,
    "remaining_research": 18,
    "remaining_labs": 25,
    "remaining_agentic_research": 2,
    "model_specific_limits": {"claude46sonnet": 40},
    "sources": {
        "source_to_limit": {
            "web": {"monthly_limit": None, "remaining": None},
            "scholar": {"monthly_limit": 200, "remaining": 191},
        }
    },
}
