"""`lightllm`: what is translated by rule, and when the translator is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ccproxy.config.section import Complaint, Raw, Section
from ccproxy.config.values import Hostname, Regex, RequestPath, Text


class Transform(Section):
    """A rule. It matches if every expression it has is found (`re.search`) in its part of the request."""

    match_host: Regex | None = None
    match_path: Regex = re.compile(".*")
    """On the path without the query."""
    match_model: Regex | None = None
    action: Literal["redirect", "transform", "passthrough"] = "redirect"
    dest_provider: Text | None = None
    dest_host: Hostname | None = None
    dest_path: RequestPath | None = None
    dest_model: Text | None = None
    dest_vertex_project: Text | None = None
    dest_vertex_location: Text | None = None

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """A rule that sends a request elsewhere says where."""
        action = raw.get("action", "redirect")
        provider, host = raw.get("dest_provider"), raw.get("dest_host")
        if action == "transform" and provider is None:
            yield Complaint((), "transform needs a dest_provider", "name one of providers")
        if action == "redirect" and provider is None and host is None:
            yield Complaint((), "redirect has no destination", "add dest_provider or dest_host")


class LightLLM(Section):
    """`lightllm`."""

    transforms: list[Transform] = Field(default_factory=list)
    """Once loaded, those of `inspector.transforms` follow here."""
    load_ahead: bool = True
    """Whether what reads and writes requests is loaded before the first one that is translated."""
