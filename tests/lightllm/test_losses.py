"""What crosses to every format as something else is no loss: it arrives, and is not counted as dropped."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.translate import translate_request

CITED = {
    "type": "search_result",
    "source": "https://e.org/tea",
    "title": "On tea",
    "content": [{"type": "text", "text": "Steep for three minutes."}],
}
SEARCHED: list[dict[str, Any]] = [
    {"role": "user", "content": [CITED, {"type": "text", "text": "How long?"}]},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [CITED]}]},
]
LATE = {
    "type": "additional_tools",
    "role": "developer",
    "tools": [{"type": "function", "name": "late", "parameters": {"type": "object", "properties": {}}}],
}


@pytest.mark.parametrize("target", [WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI])
def test_search_results_of_the_client_arrive_as_text(target: WireFormat) -> None:
    """Formats without such a block left it out, although it was read as text for them."""
    document = {"model": "m", "max_tokens": 99, "messages": SEARCHED}
    body, drops = translate_request(document, WireFormat.ANTHROPIC, target, "m", False)
    assert orjson.dumps(body).count(b"Steep for three minutes.") == 2
    assert drops.counts == {}


@pytest.mark.parametrize("target", [WireFormat.OPENAI, WireFormat.ANTHROPIC, WireFormat.GEMINI])
def test_an_item_that_declares_tools_is_not_lost(target: WireFormat) -> None:
    """The newer models of Codex declare all their tools so."""
    document = {"model": "m", "input": [LATE, {"role": "user", "content": "q"}]}
    body, drops = translate_request(document, WireFormat.OPENAI_RESPONSES, target, "m", False)
    assert b'"name":"late"' in orjson.dumps(body["tools"])
    assert drops.counts == {}
