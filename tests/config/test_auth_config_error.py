"""What can never work because of a credential, or of where a provider is, has an error of its own, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.config import AuthConfigError, ConfigError
from tests.config.conftest import Complaints, Load

BY = "providers: {p: {type: anthropic, host: api.example.com, auth: %s}}"

OF_CREDENTIALS = [
    (BY % "{type: oauth}", "providers.p.auth.type: is not a known source of credentials; did you mean"),
    (BY % "{command: x, file: y}", "providers.p.auth.file: is given beside command; keep one of the two"),
    (
        BY % "{type: google-oath}",
        "providers.p.auth.type: is not a known source of credentials; did you mean google_oauth?",
    ),
    (BY % "google_oauth", "as a text would be run as a command; for the login write auth: {type: google_oauth}"),
    (BY % "{type: anthropic_oath}", "providers.p.auth.type: is not a known source of credentials"),
    (BY % "{header: x-api-key}", "providers.p.auth: does not say where the credential comes from; add"),
    (BY % "5", "providers.p.auth: should be text"),
    (BY % "''", "providers.p.auth.command: should not be empty"),
    (BY % "{file: ''}", "providers.p.auth.file: is not the path of a file"),
    (BY % "{type: file}", "providers.p.auth.file: is required"),
    (BY % "{command: a, header: 'x y'}", "providers.p.auth.header: is not a header name"),
    (BY % "{command: a, max_age: 5}", "providers.p.auth.max_age: is not a known key; did you mean max_age_seconds?"),
    (BY % "{type: anthropic_oauth, client_id: ''}", "providers.p.auth.client_id: should not be empty"),
    (BY % "{type: google_oauth, client_id: ''}", "providers.p.auth.client_id: should not be empty"),
    (BY % "{type: google_oauth, client_secret: ''}", "providers.p.auth.client_secret: should not be empty"),
    (BY % "{type: google_auth, file: ''}", "providers.p.auth.file: is not the path of a file"),
    (BY % "{type: google_auth, scopes: []}", "providers.p.auth.scopes: should not be empty"),
    (BY % "{type: google_auth, scopes: a}", "providers.p.auth.scopes: should be a list"),
    (BY % "{type: google_auth, file_path: a}", "providers.p.auth.file_path: is not a known key; did you mean file?"),
    (BY % "{type: anthropic_oauth, endpoint: 'http://example.com'}", "would send refresh tokens where everybody"),
    (BY % "{type: anthropic_oauth, endpoint: x}", "providers.p.auth.endpoint: should be a URL"),
    (
        "providers: {p: {type: openai, host: a.example.com, base_url: 'http://127.0.0.1:1'}}",
        "base_url: is given beside",
    ),
    ("providers: {p: {type: openai}}", "providers.p: does not say where the provider is; add host"),
    ("providers: {p: {type: openai, host: 'https://a.example.com'}}", "providers.p.host: should be a bare host name"),
    ("providers: {p: {type: openai, base_url: a}}", "providers.p.base_url: should be a URL such as"),
    ("providers: {p: {type: simulator, host: a}}", "providers.p.host: has no meaning for the simulator"),
    ("auth: {refresh_timeout_seconds: -1}", "auth.refresh_timeout_seconds: should be more than 0"),
    ("mcp: {http: {auth: {type: oauth}}}", "mcp.http.auth.type: is not a known source"),
]


@pytest.mark.parametrize(("line", "message"), OF_CREDENTIALS, ids=[line for line, _ in OF_CREDENTIALS])
def test_problems_of_credentials(load: Load, line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(AuthConfigError) as caught:
        load(f"ccproxy:\n  {line}\n")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "ccproxy.yaml"), 2)
    assert problem.column is not None
    assert message in str(problem)


OTHERS = [
    "port: many",
    "providers: {p: {type: openia, host: a.example.com}}",
    "providers: {'a b': {type: simulator}}",
    "providers: {p: }",
    "providers: {p: {type: openai, base_url: 'http://127.0.0.1:1', path: x}}",
    "auths: {}",
    "inspector: {mitmproxy: {web_host: 'http://x'}}",
]


@pytest.mark.parametrize("line", OTHERS)
def test_other_problems_are_no_problems_of_credentials(load: Load, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"ccproxy:\n  {line}\n")
    assert type(caught.value) is ConfigError


def test_with_another_problem_it_is_an_error_of_the_whole_file(load: Load, complaints: Complaints) -> None:
    text = f"ccproxy:\n  port: many\n  {BY % '{type: oauth}'}\n"
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert type(caught.value) is ConfigError
    assert [line.split(":")[0] for line in complaints(text)] == ["2", "3"]


def test_a_secret_is_never_repeated(load: Load) -> None:
    with pytest.raises(AuthConfigError) as caught:
        load("ccproxy:\n  providers:\n    p: {type: openai, host: a.example.com, auth: [hunter2]}\n")
    assert "hunter2" not in str(caught.value)


def test_from_the_environment_its_place_is_the_variable(load: Load) -> None:
    with pytest.raises(AuthConfigError) as caught:
        load("ccproxy: {}", {"CCPROXY_PROVIDERS__P": "{type: openai, host: a.example.com, auth: {type: oauth}}"})
    assert str(caught.value).startswith("CCPROXY_PROVIDERS__P: providers.p.auth.type: ")
