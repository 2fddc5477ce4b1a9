"""Which API a path belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.providers.endpoint import Endpoint, guess_dialect, parse_endpoint

ANTHROPIC, OPENAI = WireFormat.ANTHROPIC, WireFormat.OPENAI
RESPONSES, GEMINI = WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI

ENDPOINTS = {
    "/v1/messages": Endpoint(ANTHROPIC),
    "/messages": Endpoint(ANTHROPIC),
    "/anthropic/v1/messages": Endpoint(ANTHROPIC),
    "/v1/messages/": Endpoint(ANTHROPIC, "/"),
    "/v1/messages/count_tokens": Endpoint(ANTHROPIC, "/count_tokens"),
    "/v1/messages/batches": Endpoint(ANTHROPIC, "/batches"),
    "/v1/messages/batches/b%2F1/results": Endpoint(ANTHROPIC, "/batches/b%2F1/results"),
    "/v1/chat/completions": Endpoint(OPENAI),
    "/chat/completions": Endpoint(OPENAI),
    "/v1/chat/completions/c_1/messages": Endpoint(OPENAI, "/c_1/messages"),
    "/v1/responses": Endpoint(RESPONSES),
    "/responses": Endpoint(RESPONSES),
    "/backend-api/codex/responses": Endpoint(RESPONSES),
    "/backend-api/codex/responses/compact": Endpoint(RESPONSES, "/compact"),
    "/v1/responses/resp_1": Endpoint(RESPONSES, "/resp_1"),
    "/v1/responses/resp_1/cancel": Endpoint(RESPONSES, "/resp_1/cancel"),
    "/v1beta/models/m-1:generateContent": Endpoint(GEMINI, "", "m-1", "generateContent"),
    "/v1alpha/models/m.1:countTokens": Endpoint(GEMINI, "", "m.1", "countTokens"),
    "/v1/models/m:embedContent": Endpoint(GEMINI, "", "m", "embedContent"),
    "/gemini/v1beta/models/m:streamGenerateContent": Endpoint(GEMINI, "", "m", "streamGenerateContent"),
    "/v1beta/models/a%2Fb/c:generateContent": Endpoint(GEMINI, "", "a%2Fb/c", "generateContent"),
    "/v1/projects/p/locations/l/publishers/google/models/m:generateContent": Endpoint(
        GEMINI, "", "m", "generateContent"
    ),
    "/v1beta1/publishers/google/models/m:countTokens": Endpoint(GEMINI, "", "m", "countTokens"),
    "/v1internal:streamGenerateContent": Endpoint(GEMINI, "", None, "streamGenerateContent"),
    "/v1internal:loadCodeAssist": Endpoint(GEMINI, "", None, "loadCodeAssist"),
}
OTHERS = [
    "", "/", "/v1", "/v1/", "/v1/models", "/v1/models/m", "/v1beta/models", "/v1/files", "/v1/messagesx",
    "/v2/messages", "/v1/message", "/V1/messages", "//v1/messages", "/v1/messages%2F", "/x/v1/messages", "/v1/chat",
    "/v1/completions", "/v1beta/models/:generateContent", "/v1beta/models/m:", "/v1beta/models/m:a:b",
    "/v1beta/models/m:a/b", "/v1beta/chat/completions", "/v1internal", "/v1internal:", "/backend-api/responses",
    "/v1/messages?x", "/health", "/v1/publishers/anthropic/models/m:rawPredict", "/v1/publishers/google/models/a/b:x",
]  # fmt: skip


@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoints(path: str) -> None:
    assert parse_endpoint(path) == ENDPOINTS[path]


@pytest.mark.parametrize("path", OTHERS)
def test_paths_of_no_api(path: str) -> None:
    assert parse_endpoint(path) is None


def test_what_streams_by_its_path() -> None:
    assert [path for path, endpoint in ENDPOINTS.items() if endpoint.streams] == [
        "/gemini/v1beta/models/m:streamGenerateContent",
        "/v1internal:streamGenerateContent",
    ]


@pytest.mark.parametrize(
    ("path", "names", "dialect"),
    [
        ("/v1/messages_x", [], ANTHROPIC),
        ("/anthropic/v1/models", [], ANTHROPIC),
        ("/v1/files", [b"anthropic-version"], ANTHROPIC),
        ("/v1beta/files", [], GEMINI),
        ("/v1alpha/files", [b"anthropic-version"], GEMINI),
        ("/upload/v1beta/files", [], GEMINI),
        ("/v1/files", [b"x-goog-api-client"], GEMINI),
        ("/v1/files", [b"x-goog-api-key", b"anthropic-version"], ANTHROPIC),
        ("/v1/files", [b"authorization"], OPENAI),
        ("/nowhere", [], OPENAI),
    ],
)
def test_the_dialect_of_other_paths(path: str, names: list[bytes], dialect: WireFormat) -> None:
    assert guess_dialect(path, names) is dialect


@given(path=st.binary(max_size=60).map(lambda octets: octets.decode("latin-1")) | st.sampled_from(list(ENDPOINTS)))
def test_any_path_has_a_dialect_and_loses_nothing(path: str) -> None:
    assert guess_dialect(path, []) in WireFormat
    endpoint = parse_endpoint("/v1/messages/" + path)
    if "\n" not in path:
        assert endpoint == Endpoint(ANTHROPIC, "/" + path)
