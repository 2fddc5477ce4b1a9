from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ccproxy.auth import CredentialError, CredentialSource, build_source
from ccproxy.config import Config, Provider
from tests.auth.conftest import Run


def source_of(auth: Any, **knobs: Any) -> CredentialSource | None:
    config = Config.model_validate(
        {
            "providers": {"p": {"type": "openai", "host": "h", "auth": auth}},
            "auth": knobs,
            "mcp": {"http": {"auth": auth}},
        }
    )
    return build_source(config.providers["p"].auth, config.auth)


def test_none() -> None:
    assert build_source(Provider(type="simulator").auth, Config().auth) is None


def test_a_string_is_a_command(run: Run) -> None:
    async def main() -> None:
        source = source_of("echo T")
        assert source is not None
        assert source.header is None
        assert (await source.token()).token == "T"

    run(main())


def test_the_time_limit_is_that_of_the_knobs(run: Run) -> None:
    async def main() -> None:
        source = source_of("sleep 5", command_timeout_seconds=0.2)
        assert source is not None
        with pytest.raises(CredentialError, match=r"timed out after 0\.2 s"):
            await source.token()

    run(main())


def test_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("T")

    async def main() -> None:
        source = source_of({"file": str(tmp_path / "key"), "header": "X-Api-Key"})
        assert source is not None
        assert source.header == "x-api-key"
        assert (await source.token()).token == "T"

    run(main())


def test_the_secret_itself(run: Run) -> None:
    async def main() -> None:
        config = Config.model_validate({"mcp": {"http": {"auth": "hunter2"}}})
        source = build_source(config.mcp.http.auth, config.auth)
        assert source is not None
        cached = source.cached()
        assert cached is not None
        assert cached.token == (await source.token()).token == "hunter2"

    run(main())


@pytest.mark.parametrize("kind", ["anthropic_oauth", "google_oauth", "codex_oauth"])
def test_oauth_says_what_is_missing(run: Run, tmp_path: Path, kind: str) -> None:
    secrets = {"client_id": "x", "client_secret": "y"} if kind == "google_oauth" else {}

    async def main() -> None:
        source = source_of({"type": kind, "file_path": str(tmp_path / "file.json"), **secrets})
        assert source is not None
        assert (source.kind, source.header, source.cached()) == (kind, None, None)
        with pytest.raises(CredentialError, match=r"file\.json does not exist"):
            await source.token()
        source.invalidate()

    run(main())
