"""Appendix A, row 5, for OAuth: without a credential a request goes nowhere, and says why in the client's dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.configs import provider
from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, Dialect
from tests.support.token_process import KINDS, TokenProcess, document
from tests.support.upstream import Upstream

REFRESH = "rt-that-nobody-has-given-0123456789abcdef"
OVER = {
    "access_token": "at-that-is-over-0123456789abcdef",
    "refresh_token": REFRESH,
    "expires_at": 1_600_000_000,
    "account_id": "a",
}
CAUSES = {
    "missing": ("does not exist",),
    "empty": ("is empty",),
    "half": ("not JSON",),
    "other": ("neither an access token",),
    "refused": ("invalid_grant", "log in"),
    "useless": ("without a refresh token",),
}


def write(kind: str, cause: str, file: Path) -> None:
    """The credential file of a provider whose credential cannot be had, for that cause."""
    held = document(kind, OVER)
    if kind == "codex_oauth":
        held["tokens"]["access_token"] = EXPIRED_JWT
    contents = {"empty": "", "half": json.dumps(held)[:40], "other": '{"some": "thing"}', "refused": json.dumps(held)}
    if cause == "useless":
        contents[cause] = json.dumps(document(kind, OVER | {"refresh_token": None}) | {})
        if kind == "codex_oauth":
            contents[cause] = contents[cause].replace(OVER["access_token"], EXPIRED_JWT)  # type: ignore[arg-type]
    if cause in contents:
        file.write_text(contents[cause])


EXPIRED_JWT = "e30.eyJleHAiOjE2MDAwMDAwMDB9.bm9uZQ"
"""`{}` and `{"exp":1600000000}`."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[TokenProcess]:
    with TokenProcess() as started:
        yield started


@pytest.fixture(scope="module")
def logged_out(
    shared_upstream: Upstream, endpoint: TokenProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon with a provider for each dialect, kind of credential and cause: `anthropic-google_oauth-empty`."""
    folder = tmp_path_factory.mktemp("logins")
    providers: dict[str, Any] = {}
    for kind in KINDS:
        for cause in CAUSES:
            write(kind, cause, file := folder / f"{kind}-{cause}.json")
            auth = {"type": kind, "file_path": str(file)} | endpoint.settings(kind)
            for dialect in DIALECTS:
                providers[f"{dialect.name}-{kind}-{cause}"] = provider(dialect.name, shared_upstream.url, auth)
    with Daemon({"providers": providers}) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_A05_no_login(
    logged_out: Daemon, upstream: Upstream, dialect: Dialect, cause: str, kind: str, stream: bool, agent: str
) -> None:
    name = f"{dialect.name}-{kind}-{cause}"
    headers = [dialect.key(name), (b"user-agent", agent.encode())]
    answer = logged_out.ask("POST", dialect.target(stream=stream), headers, dialect.body(stream=stream))
    message = dialect.error(answer, 401)
    assert name in message
    assert all(part in message for part in CAUSES[cause]), message
    assert not [text for text in (REFRESH, OVER["access_token"], EXPIRED_JWT) if str(text) in message]
    assert not upstream.requests
    assert logged_out.flow(agent)["status"] == 401
