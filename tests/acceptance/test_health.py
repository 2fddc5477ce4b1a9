"""Appendix A, row 1: what the listener says of itself."""

from __future__ import annotations

import pytest

from tests.support.daemon import Daemon


@pytest.mark.parametrize("path", ["/", "/health"])
def test_A01_root_and_health_answer_in_plain_text(daemon: Daemon, path: str) -> None:
    answer = daemon.ask("GET", path)
    assert answer.status == 200
    assert (answer.field("content-type") or b"").startswith(b"text/plain")
    assert 0 < len(answer.body) < 500


@pytest.mark.parametrize("path", ["/", "/health"])
def test_A01_head_has_no_body(daemon: Daemon, path: str) -> None:
    with daemon.client() as client:
        client.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response("HEAD").status == 200
        assert not client.buffer
