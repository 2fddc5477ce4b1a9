"""What hooks did, in a summary, in a flow file and as plain values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from ccproxy.exchange import Exchange, HookResult, HttpRequest
from ccproxy.flows.mflow import writing as mflow
from ccproxy.flows.summary import detail, summarize
from ccproxy.flows.told_by_hooks import hook_results, labels


def hooked(ex: Exchange) -> Exchange:
    ex.hooks = [
        HookResult("mask", "inbound", "ran", seconds=0.0012345, wrote=("messages", "exchange.tags")),
        HookResult("sign", "outbound", "skipped", "guard"),
        HookResult("count", "response", "failed", "KeyError: 'x'", 0.5),
    ]
    ex.session, ex.conversation, ex.system_hash = "s-1", "c-1", "h-1"
    ex.tags, ex.jail = {"team": "blue"}, "cell"
    return ex


def test_a_summary_tells_what_hooks_did(recording: Callable[[str], Exchange]) -> None:
    ex = hooked(recording("anthropic_stream"))
    told = json.loads(json.dumps(summarize(ex)))
    assert told["hooks"] == [
        {
            "name": "mask",
            "stage": "inbound",
            "outcome": "ran",
            "reason": "",
            "ms": 1.234,
            "wrote": ["messages", "exchange.tags"],
        },
        {"name": "sign", "stage": "outbound", "outcome": "skipped", "reason": "guard", "ms": 0, "wrote": []},
        {"name": "count", "stage": "response", "outcome": "failed", "reason": "KeyError: 'x'", "ms": 500, "wrote": []},
    ]
    assert (told["session"], told["conversation"], told["system_hash"]) == ("s-1", "c-1", "h-1")
    assert (told["tags"], told["jail"]) == ({"team": "blue"}, "cell")
    assert detail(ex)["hooks"] == told["hooks"]


def test_an_exchange_without_hooks(recording: Callable[[str], Exchange]) -> None:
    told = summarize(recording("anthropic_stream"))
    assert (told["hooks"], told["tags"], told["session"], told["jail"]) == ([], {}, None, None)


def test_a_summary_keeps_what_was_known_when_it_was_made(recording: Callable[[str], Exchange]) -> None:
    ex = hooked(recording("anthropic_stream"))
    told = summarize(ex)
    ex.tags["late"] = "yes"
    ex.hooks.clear()
    assert told["tags"] == {"team": "blue"}
    assert len(told["hooks"]) == 3


def test_of_a_thread_only_its_name_is_told(recording: Callable[[str], Exchange]) -> None:
    ex = recording("anthropic_stream")
    ex.thread = {
        "provider": "web",
        "key": "k-1",
        "slug": "which-river-1",
        "backend_uuid": "b-1",
        "read_write_token": "t-1",
    }
    told = json.dumps([summarize(ex), detail(ex), detail(ex, secrets=True)])
    assert summarize(ex)["thread"] == "which-river-1"
    assert not [word for word in ("k-1", "b-1", "t-1") if word in told]
    for unnamed in (None, {}, {"slug": None}, {"slug": ""}, {"slug": 5}):
        ex.thread = unnamed
        assert summarize(ex)["thread"] is None


def test_flow_files_hold_it(recording: Callable[[str], Exchange], tmp_path: Path) -> None:
    ex = hooked(recording("anthropic_stream"))
    ex.dropped = {"cache_control": 2}
    path = tmp_path / "flows.mflow"
    mflow.write([ex], path)
    with path.open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert flow.metadata["ccproxy.hooks"] == summarize(ex)["hooks"]
    assert flow.metadata["ccproxy.tags"] == {"team": "blue"}
    assert flow.metadata["ccproxy.left_out"] == {"cache_control": 2}
    found = [flow.metadata[f"ccproxy.{name}"] for name in ("session", "conversation", "system_hash", "jail")]
    assert found == ["s-1", "c-1", "h-1", "cell"]
    assert flow.comment.startswith("cell: redirect → main")


ANY_TEXT = st.text(st.characters(), max_size=8)


@given(name=ANY_TEXT, value=ANY_TEXT, tags=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2))
def test_whatever_hooks_say_can_be_written(
    name: str, value: str, tags: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Hooks are free to set any str, with lone surrogates too."""
    ex = Exchange(HttpRequest("GET", b"/", []), session=value, tags=tags)
    ex.hooks = [HookResult("h", "inbound", "failed", value, 0.1, (name,))]
    path = tmp_path_factory.getbasetemp() / "hooked.mflow"
    mflow.write([ex], path)
    with path.open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert flow.metadata["ccproxy.hooks"] == hook_results(ex)
    json.dumps([hook_results(ex), labels(ex)], ensure_ascii=False).encode()
    if value.isprintable():
        assert hook_results(ex)[0]["reason"] == labels(ex)["session"] == value
