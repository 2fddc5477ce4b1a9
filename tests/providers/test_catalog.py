"""Lists of models: what is known, what providers' answers say, and how each API tells it, in pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.config import Config
from ccproxy.exchange import WireFormat
from ccproxy.providers.catalog import CREATED, Model, find_model, known_hosts, known_models, read_models
from ccproxy.providers.model_lists import ENTRIES, LISTS, BadPage
from ccproxy.providers.provider import Provider, build_providers

TWELVE = [Model(f"m-{number}", "p") for number in range(12)]


def made(**entry: Any) -> Provider:
    return build_providers(Config.model_validate({"providers": {"p": entry}}))["p"]


def test_the_catalogue_has_the_vendors_models() -> None:
    for host, listed in known_hosts().items():
        assert listed, host
        assert len({model.id for model in listed}) == len(listed)
    (model, *_) = known_models(made(type="anthropic", host="api.anthropic.com"))
    assert model.id.startswith("claude-")
    assert model.owner == "p"
    assert known_models(made(type="openai", base_url="http://127.0.0.1:11434")) == []
    assert [model.id for model in known_models(made(type="simulator"))] == ["simulator-1"]


@pytest.mark.parametrize(
    ("id", "found"),
    [("sonar-2", "perplexity/sonar-2"), ("perplexity/sonar-2", "perplexity/sonar-2"), ("twice", None), ("no", None)],
)
def test_an_id_of_perplexitys_without_its_vendor(id: str, found: str | None) -> None:
    provider = made(type="perplexity_pro", host="www.perplexity.ai")
    known = [*known_models(provider) * 2, Model("a/twice", "p"), Model("b/twice", "p"), Model("c/no", "another")]
    model = find_model(known, id, [provider])
    assert (model and model.id) == found


@pytest.mark.parametrize("host", ["aiplatform.googleapis.com", "europe-west4-aiplatform.googleapis.com"])
def test_vertex_ai_serves_what_code_assist_does_in_every_region(host: str) -> None:
    listed = [model.id for model in known_models(made(type="gemini", base_url=f"https://{host}", path="/v1/x"))]
    assert listed == [model.id for model in known_hosts()["cloudcode-pa.googleapis.com"]]
    assert known_models(made(type="anthropic", base_url=f"https://{host}", path="/v1/x")) == []
    assert known_models(made(type="gemini", base_url=f"https://{host}.example.com", path="/v1/x")) == []


@pytest.mark.parametrize(
    ("document", "model"),
    [
        (
            {"object": "list", "data": [{"id": "a/b:c", "object": "model", "created": 5, "owned_by": "x"}]},
            Model("a/b:c", "p", None, 5),
        ),
        (
            {"data": [{"id": "a", "display_name": "A", "created_at": "2025-01-02T00:00:00Z", "max_input_tokens": 9}]},
            Model("a", "p", "A", 1_735_776_000, 9),
        ),
        (
            {"models": [{"name": "models/g", "displayName": "G", "inputTokenLimit": 7, "outputTokenLimit": 3,
                         "supportedGenerationMethods": ["embedContent"]}]},
            Model("g", "p", "G", CREATED, 7, 3, ("embedContent",)),
        ),
        ({"models": [{"slug": "gpt-5-codex", "display_name": "Codex"}]}, Model("gpt-5-codex", "p", "Codex")),
        ([{"id": "bare"}, {"id": "bare"}, {"id": "x" * 999}, {"id": "a\nb"}, {"id": 7}, "id", {}], Model("bare", "p")),
    ],
)  # fmt: skip
def test_lists_of_every_kind_are_read(document: Any, model: Model) -> None:
    assert read_models(json.dumps(document).encode(), "p") == [model]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data":{}}', b'{"data":[1,{}]}', b'"data"', b"null"])
def test_what_is_no_list(body: bytes) -> None:
    assert read_models(body, "p") is None


NAMES = ["data", "models", "id", "name", "slug", "created", "created_at", "supportedGenerationMethods"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(JSON)
def test_whatever_a_provider_lists_can_be_told_in_every_dialect(document: Any) -> None:
    for model in read_models(json.dumps(document).encode(), "p") or []:
        for tell in ENTRIES.values():
            json.dumps(tell(model)).encode()


@given(size=st.integers(1, 15))
def test_pages_together_are_the_list(size: int) -> None:
    seen: list[str] = []
    query = {"limit": str(size)}
    while True:
        page = LISTS[WireFormat.ANTHROPIC](TWELVE, query)
        seen += [entry["id"] for entry in page["data"]]
        if not page["has_more"]:
            break
        query["after_id"] = page["last_id"]
    assert seen == [model.id for model in TWELVE]
    seen, query = [], {"pageSize": str(size)}
    while "pageToken" not in query or query["pageToken"]:
        page = LISTS[WireFormat.GEMINI](TWELVE, query)
        seen += [entry["name"] for entry in page["models"]]
        query["pageToken"] = page.get("nextPageToken", "")
    assert seen == [f"models/{model.id}" for model in TWELVE]


def test_the_page_before() -> None:
    page = LISTS[WireFormat.ANTHROPIC](TWELVE, {"before_id": "m-5", "limit": "3"})
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("m-2", "m-4", True)
    page = LISTS[WireFormat.ANTHROPIC](TWELVE, {"before_id": "m-2", "limit": "3"})
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("m-0", "m-1", False)
    assert LISTS[WireFormat.ANTHROPIC]([], {}) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        (WireFormat.ANTHROPIC, {"limit": "0"}),
        (WireFormat.ANTHROPIC, {"limit": "1001"}),
        (WireFormat.ANTHROPIC, {"limit": "-1"}),
        (WireFormat.ANTHROPIC, {"limit": "²"}),
        (WireFormat.ANTHROPIC, {"after_id": "nobody"}),
        (WireFormat.GEMINI, {"pageSize": "many"}),
        (WireFormat.GEMINI, {"pageToken": "x"}),
        (WireFormat.GEMINI, {"pageToken": "9" * 400}),
    ],
)
def test_pages_that_make_no_sense(dialect: WireFormat, query: dict[str, str]) -> None:
    with pytest.raises(BadPage):
        LISTS[dialect](TWELVE, query)


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ({"type": "anthropic", "path": "/api/anthropic/v1/messages"}, b"/api/anthropic/v1/models?q"),
        ({"type": "openai", "base_url": "http://127.0.0.1:1/base"}, b"/base/v1/models?q"),
        ({"type": "openai_responses", "path": "/backend-api/codex/responses"}, b"/backend-api/codex/models?q"),
        ({"type": "gemini"}, b"/v1beta/models?q"),
        ({"type": "gemini", "path": "/v1internal:{action}"}, None),
        ({"type": "openai", "path": "/openai/deployments/{model}/chat/completions"}, None),
        ({"type": "openai", "path": "/chat"}, None),
        ({"type": "simulator"}, None),
    ],
)
def test_where_a_provider_has_its_list(entry: dict[str, Any], target: bytes | None) -> None:
    where = {} if entry["type"] == "simulator" else {"base_url": "http://127.0.0.1:1"}
    assert made(**(where | entry)).models_target(b"q") == target
