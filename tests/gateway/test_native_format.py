"""Which calls are known at the paths that providers gave them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.gateway.native_format import native_format


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("/v1/messages", WireFormat.ANTHROPIC),
        ("/anthropic/v1/messages", WireFormat.ANTHROPIC),
        ("/api/v1/chat/completions", WireFormat.OPENAI),
        ("/openai/deployments/gpt/chat/completions", WireFormat.OPENAI),
        ("/openai/v1/responses", WireFormat.OPENAI_RESPONSES),
        ("/backend-api/codex/responses", WireFormat.OPENAI_RESPONSES),
        ("/v1beta/models/gemini-x:streamGenerateContent", WireFormat.GEMINI),
        ("/v1/projects/p/locations/l/publishers/google/models/gemini-x:generateContent", WireFormat.GEMINI),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict", None),
        ("/v1internal:streamGenerateContent", WireFormat.GEMINI),
        ("/api/v9/channels/1/messages", None),
        ("/index.html", None),
        ("", None),
    ],
)
def test_a_path_tells_its_format(path: str, format: WireFormat | None) -> None:
    assert native_format(path) is format


@given(st.text())
def test_any_path_is_read(path: str) -> None:
    assert native_format(path) in {None, *WireFormat}
