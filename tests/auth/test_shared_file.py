"""Several processes refresh one file at once, two hundred times: no refresh token used twice, none lost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.auth.house import FILES, document
from tests.support.token_server import jwt

ROUNDS = 200


class Process:
    """A child that answers each line with one JSON line."""

    def __init__(self, *arguments: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write("\n")
        self.child.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.child.stdout is not None
        watch = threading.Timer(30, self.child.kill)
        watch.start()
        line = self.child.stdout.readline()
        watch.cancel()
        assert line, "it ended"
        found = json.loads(line)
        assert isinstance(found, dict)
        return found


@contextmanager
def process(*arguments: str) -> Iterator[Process]:
    made = Process(*arguments)
    try:
        yield made
    finally:
        assert made.child.stdin is not None
        made.child.stdin.close()
        try:
            made.child.wait(10)
        finally:
            made.child.kill()
            made.child.wait()


def get(url: str, **fields: str) -> Any:
    request = urllib.request.Request(url, headers=fields)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def expire(kind: str, file: Path) -> str:
    """Makes the file say that its token is over, as time does. Gives its refresh token."""
    found = json.loads(file.read_text())
    if kind == "codex_oauth":
        inner = found["tokens"]
        inner["access_token"] = jwt({"exp": int(time.time()) - 10, "jti": str(time.time_ns())})
        refresh = inner["refresh_token"]
    else:
        inner = found["claudeAiOauth"]
        inner["expiresAt"] = int(time.time() * 1000) - 10_000
        refresh = inner["refreshToken"]
    new = file.with_name("new")
    new.write_text(json.dumps(found))
    new.replace(file)
    return str(refresh)


@pytest.mark.parametrize(
    ("kind", "sharers"),
    [
        ("anthropic_oauth", ["anthropic_oauth", "anthropic_oauth", "claude"]),
        ("codex_oauth", ["codex_oauth", "codex_oauth"]),
    ],
)
def test_two_hundred_rounds(tmp_path: Path, kind: str, sharers: list[str]) -> None:
    file = tmp_path / FILES[kind]
    file.parent.mkdir()
    with ExitStack() as stack:
        endpoint = stack.enter_context(
            process("tests.support.token_server", *(["--codex"] if kind == "codex_oauth" else []))
        )
        url = endpoint.answer()["url"]
        base = url.removesuffix("/v1/oauth/token")
        file.write_text(json.dumps(document(kind, get(f"{base}/issue?lifetime=-10"))))
        children = [stack.enter_context(process("tests.auth.sharer", each, str(file), url)) for each in sharers]
        assert all(child.answer()["ready"] for child in children)
        refresh = expire(kind, file)
        for number in range(ROUNDS):
            for child in children:
                child.ask()
            answers = [child.answer() for child in children]
            tokens = {answer.get("token") for answer in answers}
            assert len(tokens) == 1, f"round {number}: {answers}"
            assert get(f"{base}/check", Authorization=f"Bearer {answers[0]['token']}") == {"valid": True}
            former, refresh = refresh, expire(kind, file)
            assert refresh != former, "rotated, and not lost"
        assert get(f"{base}/current?refresh={refresh}") == {"current": True}
        counters = get(f"{base}/counters")
        assert (counters["posts"], counters["granted"], counters["reused"]) == (ROUNDS, ROUNDS, 0)
