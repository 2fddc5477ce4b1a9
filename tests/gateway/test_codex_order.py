"""The order of fields in requests to the ChatGPT backend: that of the captured client, its account's too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ccproxy.exchange import Headers
from tests.shaping.envelopes import RESPONSES, put_shape
from tests.support.codex_backend import CodexBackend
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home
from tests.support.http import Header

CAPTURED: Headers = [
    (b"originator", b"madeup_exec"),
    (b"chatgpt-account-id", b"11111111-2222-4333-8444-555555555555"),
    (b"x-openai-fedramp", b"true"),
    (b"authorization", b"Bearer captured"),
    (b"user-agent", b"madeup_exec/0.5.0"),
    (b"host", b"chatgpt.example"),
]


@pytest.fixture(scope="module")
def backend() -> Iterator[CodexBackend]:
    made = CodexBackend()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(backend: CodexBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    by_key = provider("openai_responses", backend.url, "echo secret", shape="openai_responses")
    login = backend.provider(tmp_path_factory.mktemp("codex"), shape="openai_responses")
    home = Home()
    home.config_dir.mkdir(exist_ok=True)
    put_shape(home.config_dir, replace(RESPONSES, headers=CAPTURED))
    with Daemon({"providers": {"login": login, "key": by_key}}, home=home) as running:
        yield running
    home.remove()


def arrived(daemon: Daemon, backend: CodexBackend, to: str, *more: Header) -> Headers:
    """The header fields that reach the backend, but for those of the body."""
    backend.forget()
    fields = [(b"authorization", f"Bearer sk-ant-oat-ccproxy-{to}".encode()), (b"user-agent", b"sdk/1"), *more]
    daemon.ask("POST", "/v1/responses", fields, json.dumps({"model": "m", "input": "hi"}).encode())
    (request,) = backend.requests
    assert b"ccproxy:" not in request.raw
    return [(name, value) for name, value in request.headers if not name.lower().startswith((b"content-", b"accept"))]


@pytest.mark.parametrize("more", [(), ((b"ChatGPT-Account-Id", b"callers"),)], ids=["none", "the caller's"])
def test_the_account_of_the_login_stands_where_the_captured_client_had_its_own(
    daemon: Daemon, backend: CodexBackend, more: tuple[Header, ...]
) -> None:
    got = arrived(daemon, backend, "login", *more)
    assert [name for name, _ in got] == [b"originator", b"chatgpt-account-id", b"authorization", b"user-agent", b"host"]
    assert dict(got)[b"chatgpt-account-id"] == b"acc-1"


def test_without_an_account_the_field_is_not_sent(daemon: Daemon, backend: CodexBackend) -> None:
    got = arrived(daemon, backend, "key")
    assert [name for name, _ in got] == [b"originator", b"authorization", b"user-agent", b"host"]


def test_no_account_is_in_the_shape_that_is_shown(daemon: Daemon) -> None:
    shown = daemon.home.run("shapes", "show", "openai_responses")
    assert shown.returncode == 0, shown
    assert "11111111" not in shown.stdout
    assert "chatgpt-account-id: <" in shown.stdout
