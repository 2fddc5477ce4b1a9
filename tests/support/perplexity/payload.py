"""What a question to the web application has to look like: every parameter, and none beside them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.support.perplexity.catalog import MODES

type Test = Callable[[Any], bool]

USE_CASES = ["answer_modes", "media_items", "diff_blocks", "preserve_latex", "inline_claims"]


def is_uuid(value: Any) -> bool:
    """Whether it is a UUID, in its usual spelling."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def is_text(value: Any) -> bool:
    """Whether it is a text with something in it."""
    return isinstance(value, str) and bool(value)


def is_truth(value: Any) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


def only(wanted: Any) -> Test:
    """Exactly this, of exactly this type."""
    return lambda value: type(value) is type(wanted) and value == wanted


def among(*wanted: Any) -> Test:
    """One of these."""
    return lambda value: value in wanted


def texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(is_text(each) for each in value)


def is_place(value: Any) -> bool:
    """Whether it is a place, or none."""
    if value is None:
        return True
    return isinstance(value, dict) and set(value) == {"location_lat", "location_lng", "name"}


BASE: dict[str, Test] = {
    "version": only("2.18"),
    "source": is_text,
    "prompt_source": only("user"),
    "language": is_text,
    "timezone": is_text,
    "search_focus": among("internet", "writing"),
    "sources": texts,
    "search_recency_filter": among(None, "DAY", "WEEK", "MONTH", "YEAR"),
    "mode": among(*MODES.values()),
    "model_preference": among(*MODES),
    "frontend_uuid": is_uuid,
    "frontend_context_uuid": is_uuid,
    "is_incognito": is_truth,
    "use_schematized_api": only(True),
    "send_back_text_in_streaming_api": only(False),
    "dsl_query": lambda value: isinstance(value, str),
    "is_related_query": only(False),
    "is_sponsored": only(False),
    "time_from_first_type": among(18361, 8758),
    "local_search_enabled": is_truth,
    "client_coordinates": is_place,
    "mentions": lambda value: isinstance(value, list),
    "attachments": texts,
    "skip_search_enabled": is_truth,
    "is_nav_suggestions_disabled": is_truth,
    "always_search_override": is_truth,
    "override_no_search": is_truth,
    "should_ask_for_mcp_tool_confirmation": only(True),
    "browser_agent_allow_once_from_toggle": only(False),
    "force_enable_browser_agent": only(False),
    "supported_features": only(["browser_agent_permission_banner_v1.1"]),
    "supported_block_use_cases": only(USE_CASES),
}
"""The 32 that every question has."""

ROUTES: dict[Any, dict[str, Test]] = {
    "home": {},
    "followup": {"followup_source": only("link"), "last_backend_uuid": is_uuid, "read_write_token": is_text},
    "collection": {"target_collection_uuid": is_text, "target_thread_access_level": only(1)},
}
"""What comes with each `query_source`."""


def faults(payload: Any) -> list[str]:
    """All that is wrong with a question."""
    if not isinstance(payload, dict) or set(payload) != {"params", "query_str"}:
        return ["a question has params and query_str, and nothing else"]
    params = payload["params"]
    if not isinstance(params, dict):
        return ["params is an object"]
    return [*_fields(params), *_agreement(params, payload["query_str"])]


def _fields(params: Mapping[str, Any]) -> Iterator[str]:
    source = params.get("query_source")
    if source not in ROUTES:
        yield f"query_source: {source!r}"
        return
    wanted = BASE | ROUTES[source]
    for name in sorted(set(params) ^ set(wanted) ^ {"query_source"}):
        yield f"{name}: {'not known' if name in params else 'missing'}"
    for name, test in wanted.items():
        if name in params and not test(params[name]):
            yield f"{name}: {params[name]!r}"


def _agreement(params: Mapping[str, Any], query: Any) -> Iterator[str]:
    """What parameters have to do with each other."""
    if not (is_text(query) or params.get("attachments")) or params.get("dsl_query") != query:
        yield "dsl_query and query_str differ"
    if MODES.get(params.get("model_preference", "")) != params.get("mode"):
        yield f"mode: {params.get('mode')!r} is not that of {params.get('model_preference')!r}"
    first = 8758 if params.get("query_source") == "followup" else 18361
    if params.get("time_from_first_type") != first:
        yield f"time_from_first_type: {params.get('time_from_first_type')!r} instead of {first}"
    if params.get("local_search_enabled") != (params.get("client_coordinates") is not None):
        yield "local_search_enabled: there are coordinates, or there are none"
    if params.get("query_source") == "collection" and params.get("is_incognito"):
        yield "is_incognito: not in a space"
