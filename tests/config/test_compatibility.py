"""A configuration of ai-ccproxy 2.0 loads, and means here what it meant there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.config import Config
from ccproxy.config.credential_forms import AnthropicOAuth, CodexOAuth, CommandAuth, FileAuth, GoogleOAuth
from tests.config.conftest import Load, auth

FILE = Path(__file__).parent / "data" / "ai-ccproxy-2.0.yaml"


@pytest.fixture
def config(load: Load) -> Config:
    return load(FILE.read_bytes())


def test_types_are_wire_formats(config: Config) -> None:
    assert {name: provider.type for name, provider in config.providers.items()} == {
        "anthropic": "anthropic",
        "claude": "anthropic",
        "codex": "openai_responses",
        "deepseek": "anthropic",
        "zai": "anthropic",
        "gemini": "gemini",
        "google": "gemini",
        "perplexity_pro": "perplexity_pro",
    }


def test_paths_are_kept(config: Config) -> None:
    assert config.providers["deepseek"].path == "/anthropic/v1/messages"
    assert config.providers["gemini"].path == "/v1internal:{action}"
    assert config.providers["perplexity_pro"].fingerprint_profile == "chrome131"


def test_gemini_is_code_assist_and_google_is_not(config: Config) -> None:
    assert [name for name, provider in config.providers.items() if provider.is_code_assist] == ["gemini"]
    capacity = config.gemini_capacity
    assert capacity.fallback_models == ["gemini-3-flash-preview", "gemini-2.5-pro", "gemini-2.5-flash"]
    assert (capacity.sticky_retry_attempts, capacity.retry_status_codes) == (3, [429, 503, 500])


def test_all_forms_of_auth(config: Config) -> None:
    assert {name: type(provider.auth) for name, provider in config.providers.items()} == {
        "anthropic": CommandAuth,
        "claude": AnthropicOAuth,
        "codex": CodexOAuth,
        "deepseek": CommandAuth,
        "zai": CommandAuth,
        "gemini": GoogleOAuth,
        "google": FileAuth,
        "perplexity_pro": FileAuth,
    }
    assert auth(config, "google").header == "x-goog-api-key"
    assert auth(config, "claude").access_path == "claudeAiOauth.accessToken"


def test_what_2_0_read_from_the_environment_only(config: Config) -> None:
    assert config.transport.first_byte_timeout_seconds == 300
    assert config.verify_readiness_on_startup
    assert config.journal_identifier == "ccproxy-home"


def test_options_of_mitmproxy_are_of_its_own_types(config: Config) -> None:
    options = config.inspector.mitmproxy
    assert options.ignore_hosts == [r"^telemetry\.example\.com"]
    assert (options.stream_large_bodies, options.body_size_limit, options.ssl_insecure) == ("1m", None, True)


def test_rules_keep_their_order(config: Config) -> None:
    assert [rule.action for rule in config.lightllm.transforms] == ["redirect", "transform", "passthrough"]


def test_hooks_and_shapes(config: Config) -> None:
    assert len(config.hooks.inbound) == 4
    assert len(config.hooks.outbound) == 7
    assert config.hooks.outbound[2].params == {"retries": 2}
    profile = config.shaping.providers["anthropic"]
    assert profile.merge_strategies["system"] == "prepend_shape:2"
    assert profile.shape_hooks[1].params == {"paths": ["system.*.cache_control"]}
    assert (profile.billing.salt, profile.billing.seed) == (None, "0x1234")


def test_without_its_type_a_map_says_what_it_is(load: Load) -> None:
    written = "{command: x}", "{file: x}", "x"
    forms = ", ".join(f"p{index}: {{type: openai, host: h, auth: {form}}}" for index, form in enumerate(written))
    config = load(f"ccproxy: {{providers: {{{forms}}}}}")
    assert [auth(config, name).type for name in config.providers] == ["command", "file", "command"]


def test_a_string_is_a_command_for_a_provider_and_the_secret_itself_for_us(load: Load) -> None:
    config = load("ccproxy: {providers: {p: {type: openai, host: h, auth: x}}, mcp: {http: {auth: x}}}")
    assert auth(config, "p").command == "x"
    assert config.mcp.http.auth.value == "x"
