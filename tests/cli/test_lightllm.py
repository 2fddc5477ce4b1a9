"""`ccproxy lightllm convert`, as a user runs it: what comes out, what is said beside it, and the exit status."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.crossing import CLIENTS, read_stream
from tests.support.daemon import Home
from tests.support.grammar import anthropic, gemini, openai_chat
from tests.support.provider_answers import body_of, error_event_of, error_of, stream_of

ROUND = [
    ("anthropic", "openai"),
    ("openai", "gemini"),
    ("gemini", "openai_responses"),
    ("openai_responses", "anthropic"),
]
"""Each format once as what it was and once as what it becomes."""
HALF, OTHER_HALF = ROUND[::2], ROUND[1::2]
GRAMMARS = {"anthropic": anthropic, "openai": openai_chat, "gemini": gemini}
CACHED = {
    "model": "m-1",
    "max_tokens": 9,
    "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "hi"}],
}

type Done = subprocess.CompletedProcess[str]


def convert(home: Home, data: Any, *arguments: str) -> Done:
    """Runs the command with data, or its JSON, as standard input."""
    text = data.decode() if isinstance(data, bytes) else data if isinstance(data, str) else json.dumps(data)
    return home.run("lightllm", "convert", *arguments, stdin=text)


def refused(done: Done, *words: str) -> None:
    """Asserts that the command failed with a message, and with nothing else."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(("source", "target"), ROUND)
def test_a_stream_stays_a_stream(home: Home, source: str, target: str) -> None:
    done = convert(home, b"".join(stream_of(source, ["Hé", "llo"])), source, target)
    assert (done.returncode, done.stderr) == (0, "")
    got = read_stream(target, done.stdout.encode())
    assert (got.text, got.usage) == ("Héllo", (11, 5))


@pytest.mark.parametrize(("source", "target"), HALF)
def test_a_stream_as_one_answer(home: Home, source: str, target: str) -> None:
    done = convert(home, b"".join(stream_of(source, ["Hé", "llo"])), "--no-stream", source, target)
    assert (done.returncode, done.stderr) == (0, "")
    checker = GRAMMARS.get(target)
    assert checker is None or checker.check_body(json.loads(done.stdout)) == []
    assert "Héllo" in done.stdout


@pytest.mark.parametrize(("source", "target"), OTHER_HALF)
def test_an_answer_as_a_stream(home: Home, source: str, target: str) -> None:
    done = convert(home, body_of(source), source, target, "--stream")
    assert (done.returncode, done.stderr) == (0, "")
    assert read_stream(target, done.stdout.encode()).text == "Hello there"


@pytest.mark.parametrize(("source", "target"), HALF)
def test_an_answer_stays_an_answer(home: Home, source: str, target: str) -> None:
    done = convert(home, body_of(source), source, target)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Hello there" in done.stdout
    assert done.stdout.startswith("{\n  ")  # for people


@pytest.mark.parametrize(("source", "target"), OTHER_HALF)
def test_a_request(home: Home, source: str, target: str) -> None:
    named = {} if source == "gemini" else {"model": "m-1"}
    done = convert(home, named | CLIENTS[source].request, source, target)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hé" in done.stdout
    sent = json.loads(done.stdout)
    assert not sent.get("stream")
    assert {"anthropic": "messages", "openai": "messages", "gemini": "contents"}.get(target, "input") in sent


def test_a_request_that_asks_for_a_stream(home: Home) -> None:
    done = convert(home, CACHED, "--stream", "anthropic", "chat")
    sent = json.loads(done.stdout)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(("source", "target"), HALF)
def test_an_error(home: Home, source: str, target: str) -> None:
    done = convert(home, error_of(source, 429, "this is why"), source, target)
    assert (done.returncode, done.stderr) == (0, "")
    CLIENTS[target].check_error(json.loads(done.stdout), None)
    assert "this is why" in done.stdout


def test_a_file_and_what_was_left_out(home: Home, tmp_path: Path) -> None:
    """What was left out goes to standard error, so that standard output can be piped on."""
    file = tmp_path / "request.json"
    file.write_text(json.dumps(CACHED))
    done = home.run("lightllm", "convert", "anthropic", "openai", str(file))
    assert done.returncode == 0
    assert done.stderr == "left out: cache_control=1\n"
    assert json.loads(done.stdout)["messages"][0] == {"role": "system", "content": "be brief"}
    same = home.run("lightllm", "convert", "anthropic", "anthropic", str(file))
    assert (same.stderr, json.loads(same.stdout)["system"]) == ("", CACHED["system"])


@pytest.mark.parametrize("how", ["--stream", "--no-stream"])
def test_a_stream_that_ends_in_an_error(home: Home, how: str) -> None:
    """It is converted, and the exit status says that it is no good."""
    begun = stream_of("anthropic", ["Hel", "lo"])[:3]
    for data, word in (
        (b"".join([*begun, error_event_of("anthropic", "all is lost")]), "lost"),
        (b"".join(begun), "mid"),
    ):
        done = convert(home, data, how, "anthropic", "openai")
        assert done.returncode == 1
        assert word in done.stderr
        if how == "--stream":
            assert word in CLIENTS["openai"].stream_error(done.stdout.encode())
        else:
            assert word in CLIENTS["openai"].check_error(json.loads(done.stdout), None)


BAD: dict[str, tuple[Any, tuple[str, ...]]] = {
    "nothing": ("", ("neither JSON nor",)),
    "text": ("hello", ("neither JSON nor", "<stdin>")),
    "null": ("null", ("anthropic",)),
    "a list": ("[1]", ("anthropic",)),
    "another format": (body_of("openai"), ("anthropic",)),
    "a request without an object": ({"model": "m", "messages": [7]}, ("messages[0]",)),
    "a request of the wrong type": ({"model": "m", "messages": 7}, ("messages",)),
    "events of nothing": ("data: x\n\n", ()),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_converted(home: Home, data: Any, words: tuple[str, ...]) -> None:
    done = convert(home, data, "anthropic", "openai")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("ccproxy: ")
    for word in words:
        assert word in done.stderr


def test_what_is_nested_too_deeply(home: Home) -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(400):
        schema = {"type": "object", "properties": {"x": schema}}
    request = CACHED | {"tools": [{"name": "deep", "input_schema": schema}]}
    refused(convert(home, request, "anthropic", "gemini"), "deep")
    refused(convert(home, "[" * 100_000 + "]" * 100_000, "anthropic", "openai"), "<stdin>")


def test_the_kind_may_be_said(home: Home) -> None:
    """For what does not tell by itself."""
    refused(convert(home, {"hello": 1}, "--kind", "error", "openai", "gemini"), "error")
    refused(convert(home, {"hello": 1}, "--kind", "request", "openai", "gemini"), "messages")
    refused(convert(home, b"", "--kind", "answer", "openai", "gemini"))
    done = convert(home, "\n\n" + b"".join(stream_of("openai")).decode(), "--kind", "stream", "openai", "gemini")
    assert read_stream("gemini", done.stdout.encode()).text == "Hello there"


@pytest.mark.parametrize(
    "arguments",
    [
        ("openai",),
        ("openai", "nobody"),
        ("nobody", "openai"),
        ("openai", "gemini", "/no/such/file"),
        ("openai", "gemini", "--kind", "letter"),
    ],
)
def test_what_was_asked_wrongly(home: Home, arguments: tuple[str, ...]) -> None:
    done = convert(home, "{}", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: ccproxy lightllm convert" in done.stderr


def test_bytes_that_are_no_text(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    refused(home.run("lightllm", "convert", "openai", "gemini", str(file)), "picture.png", "neither JSON nor")
