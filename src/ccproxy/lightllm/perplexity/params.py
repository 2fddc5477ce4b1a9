"""The `params` of a question: what is the same for all, what is configured, and what the client says itself.

Source: the requests of www.perplexity.ai's own pages, API version 2.18.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from ccproxy.lightllm.perplexity.models import Model
from ccproxy.lightllm.perplexity.own_fields import OwnFields

VERSION = "2.18"

FIXED: Mapping[str, Any] = {
    "version": VERSION,
    "prompt_source": "user",
    "use_schematized_api": True,
    "send_back_text_in_streaming_api": False,
    "is_related_query": False,
    "is_sponsored": False,
    "time_from_first_type": 18361,
    "should_ask_for_mcp_tool_confirmation": True,
    "browser_agent_allow_once_from_toggle": False,
    "force_enable_browser_agent": False,
    "query_source": "home",
}
"""The answer's reader depends on the first two `_api` members: the schematized stream is the one that it knows."""

FEATURES = ("browser_agent_permission_banner_v1.1",)
BLOCKS = ("answer_modes", "media_items", "diff_blocks", "preserve_latex", "inline_claims")
"""What the pages can show, and so what may be in an answer."""

DEFAULTS: Mapping[str, Any] = {
    "language": "en-US",
    "timezone": "America/Los_Angeles",
    "search_focus": "internet",
    "sources": ["web"],
    "search_recency_filter": None,
    "is_incognito": False,
    "skip_search_enabled": True,
    "is_nav_suggestions_disabled": True,
    "always_search_override": False,
    "override_no_search": False,
}
"""Those of `pplx.search`, where nothing is configured."""


def make_params(model: Model, query: str, options: Mapping[str, Any], own: OwnFields) -> dict[str, Any]:
    """The `params` of a thread's first question.

    Args:
        model: who is to answer.
        query: the text.
        options: what is configured, as `pplx.search`.
        own: what the client says; it goes before what is configured.
    """
    settings = {name: options.get(name, default) for name, default in DEFAULTS.items()} | own.settings
    params = {
        **FIXED,
        **settings,
        "sources": list(settings["sources"]),
        "mode": model.mode,
        "model_preference": model.identifier,
        "source": own.get("source", "default"),
        "frontend_uuid": str(uuid4()),
        "frontend_context_uuid": own.get("frontend_context_uuid") or str(uuid4()),
        "dsl_query": query,
        "mentions": own.get("mentions", []),
        "attachments": own.get("attachments", []),
        "supported_features": list(FEATURES),
        "supported_block_use_cases": list(BLOCKS),
        **_place(own.get("coordinates")),
    }
    return params | _space(own.get("space_uuid"))


def _place(coordinates: Mapping[str, float] | None) -> dict[str, Any]:
    """Where the user is, if the client tells."""
    if coordinates is None:
        return {"local_search_enabled": False, "client_coordinates": None}
    place = {"location_lat": coordinates["latitude"], "location_lng": coordinates["longitude"], "name": ""}
    return {"local_search_enabled": True, "client_coordinates": place}


def _space(space: str | None) -> dict[str, Any]:
    """A question in a space, where nothing is incognito."""
    if not space:
        return {}
    return {
        "query_source": "collection",
        "target_collection_uuid": space,
        "target_thread_access_level": 1,
        "is_incognito": False,
    }
