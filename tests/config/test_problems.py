from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.config import ConfigError, load_config
from tests.config.conftest import Complaints, Load

ONE_LINE = [
    ("port: 99999", "port: should be at most 65535, but is 99999"),
    ("port: '4000'", "port: should be a whole number, but is the text '4000'; remove the quotes"),
    ("port: true", "port: should be a whole number, but is true"),
    ("port: 12:30", "port: should be a whole number, but is the text '12:30'"),
    ("log_level: INFOS", "did you mean INFO?"),
    ("log_level: debugging", "but is the text 'debugging'; did you mean DEBUG?"),
    ("log_level: FOO", "should be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL', but is the text 'FOO'"),
    ("hooks: [a]", "hooks: is a list, and does not say which stage each hook is of; write 'inbound:' and 'outbound:'"),
    ("hooks: a.b", "hooks: should be a mapping, but is the text 'a.b'; write 'key: value' lines under 'hooks'"),
    ("hooks: {inbuond: []}", "hooks.inbuond: is not a known key; did you mean inbound?"),
    ("hooks: {timeout_seconds: 0}", "hooks.timeout_seconds: should be more than 0"),
    ("hooks: {overrides_from: all}", "hooks.overrides_from: should be 'loopback', 'anybody' or 'nobody'"),
    ("hooks: {disabled: shape}", "hooks.disabled: should be a list, but is the text 'shape'; begin each item with"),
    ("hooks: {response: [{hook: a, on_error: stop}]}", "on_error: should be 'continue' or 'fail', but is the text"),
    ("hooks: {response: [{hook: a, params: [1]}]}", "hooks.response[0].params: should be a mapping, but is a list"),
    ("hooks: {inbound: a.b}", "hooks.inbound: should be a list, but is the text 'a.b'; begin each item with '- '"),
    ("hooks: {inbound: [a-b]}", "hooks.inbound[0].hook: is neither a module nor module:function"),
    ("hooks: {inbound: [{hook: a, parms: {}}]}", "hooks.inbound[0].parms: is not a known key; did you mean params?"),
    ("providers: []", "providers: should be a mapping, but is a list"),
    ("providers: {a: }", "providers.a: should be a mapping, but is nothing"),
    ("providers: {'a b': {type: simulator}}", "providers.a b: a provider of this name cannot be addressed by a key"),
    ("provider_timeout: .inf", "provider_timeout: should be a finite number, but is inf"),
    ("provider_timeout: 0", "provider_timeout: should be more than 0"),
    ("host: http://x", "host: should be a bare host name or IP address"),
    ("host: ''", "host: should be a bare host name or IP address"),
    ("use_journal: 'yes'", "use_journal: should be true or false, but is the text 'yes'"),
    ("journal_identifier: 5", "journal_identifier: should be text, but is 5; put it in quotes"),
    ("log_file: ''", "log_file: is not the path of a file"),
    ("otel: {endpoint: 'localhost:4317'}", "otel.endpoint: should be a URL such as"),
    ("inspector: {mitmproxy: {web_password: 1234}}", "web_password: should be text, but is a number; put it in quotes"),
    ("inspector: {mitmproxy: {flow_detail: 5}}", "inspector.mitmproxy.flow_detail: should be at most 4, but is 5"),
    ("inspector: {mitmproxy: {ignore_hosts: ['(']}}", "ignore_hosts[0]: is not a valid regular expression"),
    ("inspector: {mitmproxy: {ignore_hosts: [a], allow_hosts: [b]}}", "allow_hosts: is given beside ignore_hosts"),
    ("inspector: {mitmproxy: {body_size_limit: 1 MB}}", "body_size_limit: is not a size; for example 500k or 3m"),
    ("inspector: {mitmproxy: {body_size_limit: true}}", "body_size_limit: should be text, but is true"),
    ("lightllm: {transforms: [{match_model: '*', dest_host: h}]}", "nothing to repeat at position 0"),
    ("lightllm: {transforms: [{action: transform}]}", "transforms[0]: transform needs a dest_provider"),
    ("lightllm: {transforms: [{match_model: a}]}", "transforms[0]: redirect has no destination"),
    ("lightllm: {transforms: [{dest_provider: x}]}", "dest_provider: there is no provider 'x'; add it to providers"),
    ("inspector: {transforms: [{action: drop}]}", "action: should be 'redirect', 'transform' or 'passthrough'"),
    ("pplx: {search: {sources: [web, news]}}", "pplx.search.sources[1]: should be 'web', 'scholar', 'social' or"),
    ("pplx: {search: {sources: []}}", "pplx.search.sources: should not be empty"),
    ("pplx: {search: {timezone: Europe/Berln}}", "timezone: is not the name of a time zone; did you mean 'Europe/Ber"),
    ("pplx: {search: {language: en_US}}", "language: is not a language tag; for example en-US"),
    ("gemini_capacity: {sticky_retry_attempts: 11}", "should be at most 10, but is 11"),
    (
        "shaping: {providers: {a: {content_fields: [x], merge_strategies: {x: prepend}}}}",
        "merge_strategies.x: is not a merge strategy",
    ),
    (
        "shaping: {providers: {anthropic: {merge_strategies: {sytem: replace}}}}",
        "sytem: is no content field; did",
    ),
    ("shaping: {providers: {anthropic: {merge_strategies: {messages: drop}}}}", "is what the call consists of"),
    ("shaping: {providers: {'a b': {format: gemini}}}", "a shape cannot have a file of this name"),
    ("providers: {p: {type: openai, host: h, shape: antropic}}", "there is no profile 'antropic'"),
    (
        "providers: {p: {type: anthropic, host: h, shape: gemini}}",
        "'gemini' is for requests of type gemini, and the provider is of type anthropic; choose anthropic",
    ),
    (
        "jail: {only_hosts: ['https://a.example']}",
        "jail.only_hosts[0]: is a URL; write the host name alone; for example",
    ),
    ("jail: {only_hosts: [a.example, '']}", "jail.only_hosts[1]: names no host"),
    ("jail: {deny_hosts: [10.0.0.0/8]}", "jail.deny_hosts[0]: is a network or a path; write a host name, with '*'"),
    ("jail: {deny_hosts: ['a b']}", "jail.deny_hosts[0]: is neither a host name, with '*' for any part of it, nor an"),
    ("jail: {deny_hosts: ['a.example:70000']}", "jail.deny_hosts[0]: ends with 70000, which is no port"),
    ("jail: {deny_hosts: ['*ü.example']}", "jail.deny_hosts[0]: has a wildcard beside letters that are not ASCII"),
    ("jail: {deny_hosts: a.example}", "jail.deny_hosts: should be a list, but is the text 'a.example'; begin each"),
    ("jail: {allow_addresses: [10.0.0.1/8]}", "does not end at it; write 10.0.0.0/8"),
    ("jail: {allow_addresses: [printer]}", "jail.allow_addresses[0]: is not a network; for example 192.168.1.20"),
    ("jail: {allow_addresses: [5]}", "jail.allow_addresses[0]: should be text, but is 5; put it in quotes"),
    ("jail: {publish: always}", "jail.publish: should be 'auto' or a list of ports; for example auto, [8085] or []"),
    ("jail: {publish: [80, true]}", "jail.publish: holds something that is not a port; a port is a whole number"),
    ("jail: {allow_ports: [0]}", "jail.allow_ports[0]: should be at least 1, but is 0"),
    ("jail: {only_host: []}", "jail.only_host: is not a known key; did you mean only_hosts?"),
    ("flows: {memory_max_flows: 0}", "flows.memory_max_flows: should be at least 1, but is 0"),
    ("prot: 1", "prot: is not a known key; did you mean port?"),
    ("web_pasword: x", "web_pasword: is not a known key"),
    ("web_password: x", "web_password: is not a known key; did you mean inspector.mitmproxy.web_password?"),
    ("debug: true", "debug: is not a known key; write log_level: DEBUG"),
    ("transport: {zzz: 1}", "known here are connect_timeout_seconds, first_byte_timeout_seconds"),
    ("port: 8083", "port: 8083 is the port of inspector.port too; choose another"),
    ("inspector: {port: 4030}", "inspector.port: 4030 is the port of mcp.http.port too"),
    ("host: !!python/object:os.system x", "host: the tag 'tag:yaml.org,2002:python/object:os.system' has no meaning"),
    ("port: *nothing", "is not valid YAML: found undefined alias"),
]


@pytest.mark.parametrize(("line", "expected"), ONE_LINE, ids=[line for line, _ in ONE_LINE])
def test_a_problem_in_one_line(complaints: Complaints, line: str, expected: str) -> None:
    said = complaints(f"ccproxy:\n  {line}\n")
    assert said[0].startswith("2:")
    assert expected in said[0]
    assert len(said) == 1


PROVIDERS = [
    ("{host: h}", ["type: is required; add it"]),
    ("{type: openai}", ["does not say where the provider is; add host: api.example.com, or base_url: http://"]),
    ("{}", ["type: is required", "does not say where the provider is"]),
    ("{type: antropic, host: h}", ["type: should be 'anthropic', ", "did you mean anthropic?"]),
    ("{type: openai, host: h, base_url: 'http://h'}", ["base_url: is given beside host; keep one of the two"]),
    ("{type: anthropic, host: h, project: x}", ["project: has a meaning for Code Assist only; remove it"]),
    ("{type: gemini, base_url: 'http://h', project: x}", ["project: has a meaning for Code Assist only; remove it"]),
    ("{type: simulator, host: h}", ["host: has no meaning for the simulator"]),
    ("{type: openai, host: 'https://h'}", ["host: should be a bare host name, not a URL; for a URL use base_url"]),
    ("{type: openai, host: 'h:80'}", ["host: should be a bare host name without a port", "base_url: http://h:80"]),
    ("{type: openai, host: 'a b'}", ["host: is not a host name"]),
    ("{type: openai, base_url: 'ftp://h'}", ["base_url: should be a URL such as http://127.0.0.1:11434"]),
    ("{type: openai, base_url: 'http://h:x'}", ["base_url: is not a URL: Port could not be cast"]),
    ("{type: openai, base_url: 'http://u:p@h'}", ["base_url: should not hold a user", "credentials go into auth"]),
    ("{type: openai, base_url: 'http://h/?a=b'}", ["base_url: should end with the path"]),
    ("{type: openai, host: h, path: v1}", ["path: should begin with a slash"]),
    ("{type: openai, host: h, path: '/{modle}'}", ["path: holds an unknown placeholder; known are {model}"]),
    ("{type: openai, host: h, auth: {}}", ["auth: does not say where the credential comes from; add a command"]),
    ("{type: openai, host: h, auth: {type: vault}}", ["auth.type: is not a known source of credentials; known are"]),
    ("{type: openai, host: h, auth: {type: literal}}", ["auth.type: is not a known source of credentials"]),
    ("{type: openai, host: h, auth: {type: file}}", ["auth.file: is required"]),
    ("{type: openai, host: h, auth: [x]}", ["auth: should be text, but is a list"]),
    ("{type: openai, host: h, auth: ''}", ["auth.command: should not be empty"]),
    ("{type: openai, host: h, auth: {command: x, header: 'a b'}}", ["auth.header: is not a header name"]),
    ("{provider: openai, host: h}", ["provider: is not a known key; it is called type now", "type: is required"]),
]


@pytest.mark.parametrize(("written", "expected"), PROVIDERS, ids=[written for written, _ in PROVIDERS])
def test_a_provider_that_is_wrong(complaints: Complaints, written: str, expected: list[str]) -> None:
    said = complaints(f"ccproxy:\n  providers:\n    a: {written}\n")
    assert all(line.startswith("3:") and ": providers.a" in line for line in said)
    for part in expected:
        assert part in "\n".join(said)


def test_every_problem_at_once_with_its_place(complaints: Complaints) -> None:
    said = complaints(
        """\
        ccproxy:
          port: 99999
          prot: 4000
          port: 3
          providers:
            local:
              type: openia
              base_url: localhost:8080
              auht: echo x
          lightllm:
            transforms:
              - match_path: "["
                dest_provider: locla
        """,
        {"CCPROXY_INSPECTOR__PROT": "1", "CCPROXY_FLOWS__MEMORY_MAX_FLOWS": "many"},
        **{"mcp.http.port": 70000},
    )
    assert [line.partition(": ")[0] for line in said] == [
        "--mcp-http-port",
        "2:3",
        "3:3",
        "4:3",
        "7:7",
        "8:7",
        "9:7",
        "12:9",
        "13:9",
        "CCPROXY_FLOWS__MEMORY_MAX_FLOWS",
        "CCPROXY_INSPECTOR__PROT",
    ]
    assert "did you mean CCPROXY_INSPECTOR__PORT?" in said[-1]
    assert "memory_max_flows: should be a whole number, but is the text 'many'" in said[-2]
    assert "did you mean 'local'?" in said[8]
    assert said[3].endswith("port: is given twice, first in line 2; keep one of the two")


def test_the_value_in_force_is_the_one_that_is_blamed(complaints: Complaints) -> None:
    text = "ccproxy: {port: 99999}"
    assert complaints(text, {"CCPROXY_PORT": "88888"})[0].startswith("CCPROXY_PORT: port: should be at most 65535")
    assert complaints(text, {"CCPROXY_PORT": "88888"}, port=77777)[0].startswith("--port: port: should be")
    assert complaints(text, {"CCPROXY_PROVIDERS__A__HOST": "h"})[1].startswith("CCPROXY_PROVIDERS__A__HOST: ")


def test_secrets_are_not_repeated(complaints: Complaints) -> None:
    said = complaints("""
        ccproxy:
          providers:
            a: {type: openai, host: h, auth: {command: [hunter2], header: 'hunter 2'}}
            b: {type: openai, host: h, auth: {type: hunter2}}
            c: {type: openai, host: h, auth: {file: key, max_age_seconds: hunter2}}
          inspector: {mitmproxy: {web_password: {value: hunter2}}}
    """)
    assert len(said) == 5
    assert "hunter" not in "".join(said)


def test_an_old_file_that_has_no_root_key(complaints: Complaints) -> None:
    assert complaints("port: 4000\n") == ["1:1: port: stands outside of 'ccproxy'; indent it under the line 'ccproxy:'"]
    assert complaints("- a\n") == ["1:1: should be a mapping; begin with the line 'ccproxy:' and indent the rest"]
    assert complaints("ccproxy: 5") == ["1:1: ccproxy: should be a mapping; write 'key: value' lines under it"]


MALFORMED = [
    (
        b"ccproxy:\n  port: [1\n",
        "3:1: is not valid YAML: while parsing a flow sequence that begins in line 2, did not find",
    ),
    (b"ccproxy:\n  a: b: c\n", "2:7: is not valid YAML: mapping values are not allowed in this context"),
    (b"ccproxy:\n\tport: 1\n", "2:1: is not valid YAML"),
    (b"ccproxy: {}\n---\nccproxy: {}\n", "2:1: is not valid YAML: expected a single document"),
    (b"ccproxy:\n  host: caf\xe9\n", "2: is not UTF-8"),
    (b"ccproxy:\n  host: a\x07b\n", "2:10: the character '\\x07' cannot stand in YAML"),
    (b"ccproxy:\n  hooks: " + b"[" * 70 + b"]" * 70, "is nested more than 64 levels deep"),
    (b"ccproxy: &a {hooks: *a}", "1:10: hooks: holds itself; remove the alias"),
    (b"ccproxy:\n  ? [a]\n  : 1\n", "2:5: ccproxy: a key is a word, not a list or a mapping"),
    (b"ccproxy: {port: 1}\nccproxy: {port: 2}\n", "2:1: ccproxy: is given twice, first in line 1"),
    (b"ccproxy:\n  <<: 5\n", "2:7: ccproxy: '<<' takes a mapping or a list of mappings"),
    (b'ccproxy: {"a\\nb": 1}', "1:11: a\\nb: is not a known key"),
    (b" " * 5_000_000, "is larger than 4,194,304 bytes"),
]


@pytest.mark.parametrize(("data", "expected"), MALFORMED, ids=[expected for _, expected in MALFORMED])
def test_malformed_files(complaints: Complaints, data: bytes, expected: str) -> None:
    assert expected in complaints(data)[0]


def test_a_hundred_thousand_brackets_do_not_end_the_process(complaints: Complaints) -> None:
    assert "is nested more than" in complaints(b"[" * 100_000)[0]


def test_aliases_of_aliases_cost_nothing(complaints: Complaints) -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    said = complaints("ccproxy:\n" + "".join(f"  {line}\n" for line in lines))
    assert any("stands for more than 20,000 values; use fewer aliases" in line for line in said)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "ccproxy.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"ccproxy\.yaml: cannot be read: Is a directory"):
        load_config(None, tmp_path, {})


def test_problems_are_data(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load("ccproxy:\n  prot: 1\n")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "ccproxy.yaml"), 2, 3)
    assert (problem.key, problem.message, problem.hint) == ("prot", "is not a known key", "did you mean port?")
    assert str(problem.place) == f"{tmp_path}/ccproxy.yaml:2:3"
