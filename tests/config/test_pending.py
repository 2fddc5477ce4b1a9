"""What loads and has no effect yet is named, and nothing else is."""

from __future__ import annotations

from importlib.util import find_spec

from ccproxy.config.pending import NOT_YET, is_not_yet, not_acted_on
from tests.config.conftest import Load
from tests.config.test_compatibility import FILE


def test_hooks_of_later_versions_are_named_once(load: Load) -> None:
    config = load("""
        ccproxy:
          hooks:
            inbound: [ccproxy.hooks.inject_auth, ccproxy.hooks.shape]
            outbound: [ccproxy.hooks.commitbee_compat, {hook: ccproxy.hooks.shape}, mine.shape]
            response: ["ccproxy.hooks.inject_mcp_notifications:inject_mcp_notifications"]
    """)
    assert not_acted_on(config) == ["ccproxy.hooks.inject_mcp_notifications:inject_mcp_notifications"]


def test_those_of_a_file_of_2_0(load: Load) -> None:
    named = [item for item in not_acted_on(load(FILE.read_bytes())) if "hooks" in item]
    assert {item.removeprefix("ccproxy.hooks.") for item in named} == NOT_YET


def test_what_is_there_is_not_among_them() -> None:
    assert not any(find_spec(f"ccproxy.hooks.{name}") for name in NOT_YET)
    assert not any(
        map(
            is_not_yet,
            [
                "inject_mcp_notifications",
                "ccproxy.hooks.pplx_preflight",
                "ccproxy.hooks",
                "acme.inject_mcp_notifications:shape",
            ],
        )
    )


def test_nothing_about_gemini_or_perplexity_is_among_them(load: Load) -> None:
    named = not_acted_on(load(FILE.read_bytes()))
    assert not [item for item in named if "gemini" in item or "pplx" in item or "perplexity" in item]


def test_the_block_itself_is_acted_on(load: Load) -> None:
    assert not_acted_on(load("ccproxy: {hooks: {timeout_seconds: 3, disabled: [gemini_cli]}}")) == []
