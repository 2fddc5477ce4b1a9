"""`gemini_capacity` and `pplx`: what is particular to one vendor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ccproxy.config.errors import nearest
from ccproxy.config.section import Section
from ccproxy.config.values import Bytes, Count, Seconds, Text, wrong
from ccproxy.locales import is_language, is_timezone, timezones

UNMOVED = frozenset({400, 401, 403, 404})
"""Statuses of answers that do not change by asking again."""


def _busy(value: int) -> int:
    if value in UNMOVED:
        raise wrong(f"should not be {value}", "such an answer does not change by asking again")
    return value


def _model(value: str) -> str:
    name = value.removeprefix("models/")
    if not name:
        raise wrong("is not the name of a model", "for example gemini-2.5-flash")
    return name


class GeminiCapacity(Section):
    """`gemini_capacity`: what to do when Gemini is out of capacity."""

    enabled: bool = True
    retry_status_codes: list[Annotated[int, Field(ge=400, le=599), AfterValidator(_busy)]] = Field(
        default_factory=lambda: [429, 503, 500]
    )
    fallback_models: list[Annotated[Text, AfterValidator(_model)]] = Field(default_factory=list)
    """Without `models/` once loaded."""
    sticky_retry_attempts: Annotated[int, Field(ge=0, le=10)] = 3
    sticky_retry_max_delay_seconds: Seconds = 60.0
    terminal_delay_threshold_seconds: Seconds = 300.0
    total_retry_budget_seconds: Seconds = 120.0


def _language(value: str) -> str:
    if not is_language(value):
        raise wrong("is not a language tag", "for example en-US")
    return value


def _timezone(value: str) -> str:
    if not is_timezone(value):
        guess = nearest(value, timezones())
        raise wrong("is not the name of a time zone", f"did you mean {guess!r}?" if guess else "such as Europe/Berlin")
    return value


def _web() -> list[Literal["web", "scholar", "social", "edgar"]]:
    return ["web"]


class PerplexitySearch(Section):
    """`pplx.search`: parameters of every search."""

    language: Annotated[Text, AfterValidator(_language)] = "en-US"
    timezone: Annotated[Text, AfterValidator(_timezone)] = "America/Los_Angeles"
    search_focus: Literal["internet", "writing"] = "internet"
    sources: list[Literal["web", "scholar", "social", "edgar"]] = Field(default_factory=_web, min_length=1)
    search_recency_filter: Literal["DAY", "WEEK", "MONTH", "YEAR"] | None = None
    is_incognito: bool = False
    skip_search_enabled: bool = True
    is_nav_suggestions_disabled: bool = True
    always_search_override: bool = False
    override_no_search: bool = False
    preflight_timeout_seconds: Seconds = 5.0


class PerplexityThread(Section):
    """`pplx.thread`: how a conversation is continued on the other side."""

    consistency_mode: Literal["warn", "strict", "ignore"] = "warn"
    citation_mode: Literal["markdown", "default", "clean"] = "markdown"
    ttl_seconds: Seconds = 1800.0
    fetch_page_size: Count = 100
    fetch_timeout_seconds: Seconds = 10.0


class PerplexityUpload(Section):
    """`pplx.upload`: limits of attachments."""

    max_files: Count = 30
    max_file_size_bytes: Bytes = 52_428_800
    max_total_bytes: Bytes = 209_715_200
    fetch_timeout_seconds: Seconds = 10.0
    upload_timeout_seconds: Seconds = 60.0
    subscribe_timeout_seconds: Seconds = 120.0


class Perplexity(Section):
    """`pplx`."""

    search: PerplexitySearch = Field(default_factory=PerplexitySearch)
    thread: PerplexityThread = Field(default_factory=PerplexityThread)
    upload: PerplexityUpload = Field(default_factory=PerplexityUpload)
