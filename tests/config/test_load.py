from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ccproxy.config import Config, load_config
from tests.config.conftest import Load, auth


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    config = load_config(None, tmp_path, {})
    paths = {"log_file": True, "hooks": {"hooks_dir"}}
    assert config.model_dump(exclude=paths) == Config().model_dump(exclude=paths)
    assert (config.log_path(), config.hooks_path()) == (tmp_path / "ccproxy.log", tmp_path / "hooks")
    assert (config.host, config.port, config.providers, config.sources) == ("127.0.0.1", 4000, {}, [])
    assert not config.verify_readiness_on_startup


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "ccproxy:\n", "ccproxy: {}", "\ufeffccproxy:\n"])
def test_an_empty_file_means_the_defaults(load: Load, text: str) -> None:
    assert load(text).model_dump() == load("").model_dump()


def test_a_key_without_a_value_counts_as_absent(load: Load) -> None:
    config = load("""
        ccproxy:
          port:
          inspector:
            # port: 1
          hooks:
          log_file:
    """)
    assert config.port == 4000
    assert config.inspector == Config().inspector
    assert config.hooks == load("").hooks
    assert config.log_file is None, "null means something here: no file"


@pytest.mark.parametrize(
    ("key", "variable", "written", "from_environment", "from_flag"),
    [
        ("port", "CCPROXY_PORT", 1, 2, 3),
        ("host", "CCPROXY_HOST", "a", "b", "c"),
        ("log_file", "CCPROXY_LOG_FILE", "/a", Path("/b"), "/c"),
        ("use_journal", "CCPROXY_USE_JOURNAL", False, True, False),
        ("verify_readiness_on_startup", "CCPROXY_VERIFY_READINESS_ON_STARTUP", False, True, False),
        ("readiness_probe_url", "CCPROXY_READINESS_PROBE_URL", "http://a", "http://b", "http://c"),
        ("readiness_probe_timeout_seconds", "CCPROXY_READINESS_PROBE_TIMEOUT_SECONDS", 1, 2, 3),
        ("provider_timeout", "CCPROXY_PROVIDER_TIMEOUT", 1, 2.5, 3),
        ("inspector.port", "CCPROXY_INSPECTOR__PORT", 1, 2, 3),
        ("inspector.mitmproxy.web_host", "CCPROXY_INSPECTOR__MITMPROXY__WEB_HOST", "a", "b", "c"),
        ("mcp.http.enabled", "CCPROXY_MCP__HTTP__ENABLED", False, True, False),
        ("hooks.timeout_seconds", "CCPROXY_HOOKS__TIMEOUT_SECONDS", 1, 2.5, 3),
        ("hooks.hooks_dir", "CCPROXY_HOOKS__HOOKS_DIR", "/a", Path("/b"), "/c"),
        ("hooks.entry_points", "CCPROXY_HOOKS__ENTRY_POINTS", False, True, False),
        ("hooks.disabled", "CCPROXY_HOOKS__DISABLED", ["a"], ["b"], ["c"]),
        ("hooks.overrides_from", "CCPROXY_HOOKS__OVERRIDES_FROM", "anybody", "nobody", "loopback"),
        ("pplx.search.sources", "CCPROXY_PPLX__SEARCH__SOURCES", ["web"], ["edgar"], ["social"]),
    ],
)
def test_one_precedence_for_every_field(
    load: Load, key: str, variable: str, written: Any, from_environment: Any, from_flag: Any
) -> None:
    text, environ = yaml_of(key, written), {variable: str(from_environment)}
    assert same(get(load(text), key), written)
    assert get(load(text, environ), key) == from_environment
    assert get(load("", environ), key) == from_environment
    assert same(get(load(text, environ, **{key: from_flag}), key), from_flag)
    assert get(load(text, environ, **{key: None}), key) == from_environment, "None: the flag was not given"


def yaml_of(key: str, value: Any) -> str:
    steps = ["ccproxy", *key.split(".")]
    nested = "".join(f"{'  ' * depth}{step}:\n" for depth, step in enumerate(steps))
    return f"{nested.removesuffix('\n')} {str(value).lower() if isinstance(value, bool) else value}\n"


def same(value: Any, written: Any) -> bool:
    return bool(value == written or value == Path(str(written)))


def get(config: Any, key: str) -> Any:
    for step in key.split("."):
        config = getattr(config, step)
    return config


def test_log_level_of_the_environment_beats_ours(load: Load) -> None:
    environ = {"LOG_LEVEL": "debug", "CCPROXY_LOG_LEVEL": "ERROR"}
    assert load("ccproxy: {log_level: CRITICAL}", environ).log_level == "DEBUG"
    assert load("", environ, log_level="INFO").log_level == "INFO"


def test_the_environment_is_merged_into_blocks_of_the_file(load: Load) -> None:
    text = """
        ccproxy:
          providers:
            My-Local: {type: openai, base_url: "http://a:1", auth: {command: "echo x", header: x-api-key}}
    """
    environ = {
        "CCPROXY_PROVIDERS": '{"other": {"type": "simulator"}}',
        "CCPROXY_PROVIDERS__MY_LOCAL__AUTH__MAX_AGE_SECONDS": "7",
        "ccproxy_providers__my_local__base_url": "http://b:2",
    }
    config = load(text, environ)
    assert set(config.providers) == {"My-Local", "other"}
    provider = config.providers["My-Local"]
    assert provider.base_url == "http://b:2"
    assert auth(config, "My-Local").header == "x-api-key"
    assert auth(config, "My-Local").max_age_seconds == 7


def test_text_in_the_environment_needs_no_quotes(load: Load) -> None:
    environ = {
        "CCPROXY_JOURNAL_IDENTIFIER": "2024",
        "CCPROXY_LOG_FILE": "17",
        "CCPROXY_OTEL__SERVICE_NAME": "true",
        "CCPROXY_MCP__HTTP__AUTH": "123456",
        "CCPROXY_INSPECTOR__MITMPROXY__WEB_PASSWORD": "*secret: [",
        "CCPROXY_HOST": "::1",
    }
    config = load("", environ)
    assert config.journal_identifier == "2024"
    assert config.log_path() == config.base_dir / "17"
    assert config.otel.service_name == "true"
    assert config.mcp.http.auth.value == "123456"
    assert config.inspector.mitmproxy.web_password.value == "*secret: ["
    assert config.host == "::1"


def test_null_and_nothing_in_the_environment(load: Load) -> None:
    assert load("ccproxy: {port: 5}", {"CCPROXY_PORT": "  "}).port == 5
    assert load("", {"CCPROXY_LOG_FILE": "null"}).log_path() is None


def test_variables_that_are_no_settings(load: Load) -> None:
    environ = {"CCPROXY_CONFIG_DIR": "/x", "CCPROXY_TRAFFIC_SOURCE": "y", "CCPROXYPORT": "1"}
    assert load("", environ).model_dump() == load("").model_dump()


def test_maps_with_entries_of_ours_are_added_to(load: Load) -> None:
    config = load("""
        ccproxy:
          inspector: {provider_map: {llm.corp: corp, openrouter.ai: null, api.openai.com: oai}}
          hooks: {inbound: [my.hook]}
    """)
    hosts = config.inspector.provider_map
    assert hosts["llm.corp"] == "corp"
    assert hosts["api.anthropic.com"] == "anthropic"
    assert hosts["api.openai.com"] == "oai"
    assert "openrouter.ai" not in hosts
    assert [entry.hook for entry in config.hooks.inbound] == ["my.hook"]
    assert config.hooks.outbound == Config().hooks.outbound


def test_paths_belong_to_the_directory_of_the_file(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    config = load("""
        ccproxy:
          log_file: logs/x.log
          shaping: {shapes_dir: ~/shapes}
          inspector: {cert_dir: ca}
          providers:
            a: {type: openai, host: h, auth: {file: key}}
            b: {type: gemini, host: h, auth: {type: google_oauth, client_id: i, client_secret: s}}
    """)
    assert config.base_dir == tmp_path
    assert config.sources == [tmp_path / "ccproxy.yaml"]
    assert config.log_path() == tmp_path / "logs/x.log"
    assert config.shaping.shapes_dir == Path("/home/someone/shapes")
    assert config.inspector.ca_dir == tmp_path / "ca"
    assert auth(config, "a").file == tmp_path / "key"
    assert auth(config, "b").file_path == Path("/home/someone/.gemini/oauth_creds.json")


def test_the_directory_of_hooks_is_beside_the_file(load: Load, tmp_path: Path) -> None:
    assert load("").hooks_path() == tmp_path / "hooks"
    assert load("ccproxy: {hooks: {timeout_seconds: 1}}").hooks_path() == tmp_path / "hooks"
    assert load("ccproxy: {hooks: {hooks_dir: a/b}}").hooks_path() == tmp_path / "a/b"
    assert load("ccproxy: {hooks: {hooks_dir: /a}}").hooks_path() == Path("/a")
    assert load("ccproxy: {hooks: {hooks_dir: null}}").hooks_path() is None
    assert load("", {"CCPROXY_HOOKS__HOOKS_DIR": "null"}).hooks_path() is None


def test_entries_of_hooks_in_both_forms(load: Load) -> None:
    config = load("""
        ccproxy:
          hooks:
            inbound:
              - a.b
              - c:d
              - {hook: e, params: {x: [1]}, on_error: fail, overridable: false}
    """)
    assert [(e.hook, e.params, e.on_error, e.overridable) for e in config.hooks.inbound] == [
        ("a.b", {}, None, None),
        ("c:d", {}, None, None),
        ("e", {"x": [1]}, "fail", False),
    ]


def test_the_default_log_file_is_beside_the_file(load: Load, tmp_path: Path) -> None:
    assert load("").log_path() == tmp_path / "ccproxy.log"


def test_old_places_of_settings_move_to_the_present_ones(load: Load) -> None:
    config = load("""
        ccproxy:
          provider_timeout: 12
          providers: {p: {type: simulator}}
          lightllm: {transforms: [{match_model: a, dest_provider: p}]}
          inspector: {transforms: [{match_model: b, dest_provider: p}]}
    """)
    assert [rule.match_model.pattern for rule in config.lightllm.transforms if rule.match_model] == ["a", "b"]
    assert config.inspector.transforms == []
    assert config.transport.first_byte_timeout_seconds == 12


def test_anchors_and_merge_keys(load: Load) -> None:
    config = load("""
        ccproxy:
          providers:
            a: &vendor
              type: anthropic
              host: api.example.com
              auth: &key {command: echo x, header: X-Api-Key}
            b: {<<: *vendor, type: openai}
            c: {<<: [{host: first.example.com}, *vendor], auth: {<<: *key, max_age_seconds: 1}}
    """)
    assert (config.providers["b"].type, config.providers["b"].host) == ("openai", "api.example.com")
    assert config.providers["c"].host == "first.example.com"
    assert auth(config, "c").header == "x-api-key"
    assert auth(config, "a").max_age_seconds == 300


def test_a_configuration_is_frozen(load: Load) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("").port = 1  # type: ignore[misc]


def test_secrets_are_not_in_the_repr(load: Load) -> None:
    config = load("""
        ccproxy:
          providers: {a: {type: openai, host: h, auth: echo hunter2}}
          mcp: {http: {auth: hunter2}}
          inspector: {mitmproxy: {web_password: hunter2}}
          shaping: {providers: {anthropic: {billing: {salt: hunter2}}}}
    """)
    assert "hunter2" not in repr(config)


def test_billing_expands_variables(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALT", "s")
    monkeypatch.delenv("SEED", raising=False)
    config = load("ccproxy: {shaping: {providers: {anthropic: {billing: {salt: 'a${SALT}b', seed: '${SEED}'}}}}}")
    billing = config.shaping.providers["anthropic"].billing
    assert (billing.salt, billing.seed) == ("asb", None)
