"""What the official SDK makes of a written stream: its own reading of lines, its own types."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
import pytest
from google import genai
from google.genai import errors, types

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.gemini.stream import StreamWriter
from tests.lightllm.gemini.wire import DONE, calling, saying, thinking

START = ev.MessageStart("r1", "gemini-x")


def streamed(events: Iterable[ev.Event]) -> list[types.GenerateContentResponse]:
    """The chunks that the SDK gives to its user."""
    writer = StreamWriter(Asked("m"))
    body = b"".join(map(writer.write, events))
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})
    )
    options = types.HttpOptions(httpx_client=httpx.Client(transport=transport))
    with genai.Client(api_key="k", vertexai=False, http_options=options) as client:
        return list(client.models.generate_content_stream(model="m", contents="hello"))


def test_pings_are_no_chunks() -> None:
    """It fails at a comment (python-genai #487), and so do those for JS and Go."""
    chunks = streamed([ev.Ping(), START, ev.Ping(), *saying(0, "a", "b\u2028"), ev.Ping(), *DONE])
    assert "".join(chunk.text or "" for chunk in chunks) == "ab\u2028"
    assert len(chunks) == 3


def test_signatures_and_calls() -> None:
    foreign = ev.Opaque(WireFormat.ANTHROPIC, "EqQB+/8=")
    chunks = streamed([START, *thinking(0, "hm", foreign), *calling(1, "f", '{"a": 1}'), *DONE])
    found = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert [part.thought for part in found] == [True, True, None, None]
    assert found[1].thought_signature
    assert found[2].function_call.args == {"a": 1}
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP


@pytest.mark.parametrize("before", [[], [START, ev.TextStart(0), ev.TextDelta(0, "half")]])
def test_errors_are_raised(before: list[ev.Event]) -> None:
    """C4."""
    with pytest.raises(errors.ServerError, match="Overloaded") as raised:
        streamed([*before, ev.Error(ev.WireError(529, "Overloaded", "overloaded_error"))])
    assert raised.value.code == 529
