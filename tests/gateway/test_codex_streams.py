"""Streams of the ChatGPT backend that are not as they should be, for clients that want one answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.test_codex import KEY, OTHERS
from tests.gateway.test_codex_answers import IDLE, done, ended, events
from tests.support.codex_backend import CodexBackend
from tests.support.daemon import Daemon
from tests.support.http import Response

CHAT = "/v1/chat/completions"
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
ITEM, LAST = events(done(0, "hello")), events(ended(model="m", usage=USAGE))
LIMIT = {"type": "usage_limit_reached", "message": "The limit is reached.", "resets_in_seconds": 76.5}
PATHS = ["/v1/responses", *(path for path, _ in OTHERS.values())]


@pytest.fixture(scope="module")
def backend() -> Iterator[CodexBackend]:
    made = CodexBackend()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(backend: CodexBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    codex = backend.provider(tmp_path_factory.mktemp("codex"))
    with Daemon({"providers": {"codex": codex}}) as running:
        yield running
        assert "Traceback" not in running.output


@pytest.fixture(autouse=True)
def as_ever(backend: CodexBackend) -> Iterator[None]:
    """Each test begins with the backend as it is by default."""
    yield
    backend.reset()


def ask(daemon: Daemon, path: str = "/v1/responses", agent: str = "odd", **members: Any) -> Response:
    """One request of a client that wants one answer."""
    bodies = {"/v1/responses": {"input": "say hi"}} | dict(OTHERS.values())
    fields = [(b"authorization", f"Bearer {KEY}codex".encode()), (b"user-agent", agent.encode())]
    return daemon.ask("POST", path, fields, json.dumps({"model": "m", **bodies[path], **members}).encode())


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_whole_whatever_keeps_its_stream_alive(daemon: Daemon, backend: CodexBackend, path: str) -> None:
    for idle in IDLE:
        backend.told = idle + ITEM + idle + LAST + idle
        answer = ask(daemon, path)
        assert (answer.status, answer.field("content-type")) == (200, b"application/json")
        assert b"hello" in answer.body


@pytest.mark.parametrize("kind", [b"text/event-stream", b"text/plain", None])
@pytest.mark.parametrize("path", ["/v1/responses", CHAT])
def test_an_answer_is_whole_before_its_stream_is_closed(
    daemon: Daemon, backend: CodexBackend, path: str, kind: bytes | None
) -> None:
    backend.told, backend.lasting, backend.kind = ITEM + LAST, True, kind
    answer = ask(daemon, path, f"lasting {path} {kind!r}")
    assert answer.status == 200
    assert b"hello" in answer.body
    flow = daemon.flow(f"lasting {path} {kind!r}")
    assert flow["usage"]["output_tokens"] == 2
    record = daemon.control("GET", f"/flows/{flow['id']}")["bodies"]["provider_response"]
    assert record["text"].encode() == backend.told


def test_an_error_is_told_before_its_stream_is_closed(daemon: Daemon, backend: CodexBackend) -> None:
    backend.told, backend.lasting = ITEM + events({"type": "error", "error": LIMIT}), True
    for path in ("/v1/responses", CHAT):
        answer = ask(daemon, path)
        assert (answer.status, answer.field("retry-after")) == (429, b"77")
        assert b"The limit is reached." in answer.body


def test_a_connection_serves_again_whose_stream_was_closed(daemon: Daemon, backend: CodexBackend) -> None:
    ask(daemon)
    before = backend.connections
    for path in PATHS * 2:
        assert ask(daemon, path).status == 200
    assert backend.connections == before


@pytest.mark.parametrize("kind", [b"application/octet-stream", b"application/json", b"text/plain", None])
@pytest.mark.parametrize("path", ["/v1/responses", CHAT])
def test_a_stream_by_another_name(daemon: Daemon, backend: CodexBackend, path: str, kind: bytes | None) -> None:
    backend.told, backend.kind = ITEM + LAST, kind
    answer = ask(daemon, path)
    assert (answer.status, answer.field("content-type")) == (200, b"application/json")
    assert "hello" in json.dumps(json.loads(answer.body))


@pytest.mark.parametrize("kind", [b"application/json", None])
def test_json_is_passed_as_it_is(daemon: Daemon, backend: CodexBackend, kind: bytes | None) -> None:
    backend.told, backend.kind = b'{"object": "response",  "output": [] }', kind
    answer = ask(daemon)
    assert (answer.status, answer.body) == (200, backend.told)
    assert answer.field("content-type") == b"application/json"


def test_what_is_neither_json_nor_a_stream(daemon: Daemon, backend: CodexBackend) -> None:
    backend.told, backend.kind = b"nonsense", None
    assert ask(daemon).status == 502
    backend.told, backend.kind = b"<html>", b"text/html"
    answer = ask(daemon)
    assert (answer.status, answer.body, answer.field("content-type")) == (200, b"<html>", b"text/html")


@pytest.mark.parametrize("path", ["/v1/responses", CHAT])
def test_a_refusal_in_events_is_an_error(daemon: Daemon, backend: CodexBackend, path: str) -> None:
    backend.status, backend.told = (
        429,
        events(ended("response.failed", error={"code": "rate_limit_exceeded", "message": "no"})),
    )
    answer = ask(daemon, path)
    assert (answer.status, answer.field("content-type")) == (429, b"application/json")
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["code"], error["message"]) == ("rate_limit_error", "rate_limit_exceeded", "no")


@pytest.mark.parametrize("told", [b"event: half", b"sorry", b""])
def test_a_refusal_that_says_nothing(daemon: Daemon, backend: CodexBackend, told: bytes) -> None:
    backend.status, backend.kind, backend.told = 503, b"text/plain", told
    answer = ask(daemon)
    assert answer.status == 503
    assert answer.body == told or json.loads(answer.body)["error"]["message"] == told.decode()


@pytest.mark.parametrize("path", ["/v1/responses", CHAT])
def test_odd_values_are_no_failure_of_ours(daemon: Daemon, backend: CodexBackend, path: str) -> None:
    deep = ITEM.replace(b'"annotations": []', b'"annotations": ' + b"[" * 400 + b"]" * 400)
    backend.told = deep + LAST
    answer = ask(daemon, path)
    assert answer.status == 502
    assert "nested too deeply" in json.loads(answer.body)["error"]["message"]
    backend.told = ITEM + events(ended(model="m", status=["a"], usage=USAGE))
    assert ask(daemon, path).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("said", [b"hel\\ud800lo", b"hel\xfflo"])
def test_text_that_is_no_unicode(daemon: Daemon, backend: CodexBackend, path: str, said: bytes) -> None:
    backend.told = (ITEM + LAST).replace(b"hello", said)
    answer = ask(daemon, path)
    assert answer.status == 200
    text = json.dumps(json.loads(answer.body))
    assert ("hel\\ud800lo" if path == "/v1/responses" and b"ud800" in said else "hel\\ufffdlo") in text


def test_a_list_of_models_is_no_stream(daemon: Daemon, backend: CodexBackend) -> None:
    backend.kind = None
    key = [(b"authorization", f"Bearer {KEY}codex".encode())]
    answer = daemon.ask("GET", "/backend-api/codex/models", key)
    assert (answer.status, answer.body) == (200, b'{"models":[]}')
    assert answer.field("content-type") is None


def test_a_compressed_stream(daemon: Daemon, backend: CodexBackend) -> None:
    backend.told, backend.coding = gzip.compress(ITEM + LAST), b"gzip"
    for path in PATHS:
        answer = ask(daemon, path)
        assert answer.field("content-encoding") is None
        assert b"hello" in answer.body
    for coding, told in ((b"odd", backend.told), (b"gzip", b"nonsense")):
        backend.told, backend.coding = told, coding
        assert ask(daemon).status == 502
