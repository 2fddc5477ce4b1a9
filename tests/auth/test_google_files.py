"""What a credential file of Google's has the library read or run by itself, and what is told when that fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.auth import CredentialError, no_post
from ccproxy.auth.credential_file import MAX_FILE_BYTES, bounded
from ccproxy.auth.redaction import HIDDEN, hidden_unless_named
from tests.auth.conftest import Run
from tests.auth.test_google_auth import cloud, source_of
from tests.support.google_cloud import external, written
from tests.support.replies import json_reply


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


def long(folder: Path) -> str:
    (folder / "long").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    return str(folder / "long")


NAMED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pipe": (lambda folder: {"file": pipe(folder)}, "pipe is not a regular file"),
    "device": (lambda folder: {"file": "/dev/null"}, "/dev/null is not a regular file"),
    "folder": (lambda folder: {"file": str(folder)}, "cannot be read: Is a directory"),
    "too long": (lambda folder: {"file": long(folder)}, f"long is longer than {MAX_FILE_BYTES} bytes"),
    "missing": (lambda folder: {"file": str(folder / "none")}, "none does not exist"),
    "descriptor": (lambda folder: {"file": 0}, "names a file that can be none"),
    "nul": (lambda folder: {"file": "a\0b"}, "names a file that can be none"),
    "endless name": (lambda folder: {"file": "x" * 5000}, "names a file that can be none"),
    "of a program": (
        lambda folder: {"executable": {"command": "true", "output_file": pipe(folder)}},
        "pipe is not a regular file",
    ),
    "certificate": (
        lambda folder: {"certificate": {"certificate_config_location": "/dev/zero"}},
        "it wants a certificate to be shown, which ccproxy does not do",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_files_that_the_library_would_read_by_itself(run: Run, tmp_path: Path, name: str) -> None:
    """It would wait for a pipe, or read without an end."""
    source, why = NAMED[name]
    file = written(tmp_path / "key.json", external(source(tmp_path)))

    async def main() -> None:
        google = source_of({"file": str(file)}, no_post, {})
        with pytest.raises(CredentialError) as caught:
            await google.token()
        assert str(caught.value).startswith(f"{file} cannot be used: ")
        assert why in str(caught.value)
        state = await google.check()
        assert (state.present, state.error) == (False, str(caught.value))

    run(main())


def test_looking_at_a_folder_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(CredentialError, match="Is a directory"):
            bounded(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_program_that_does_not_end_keeps_nobody(tmp_path: Path) -> None:
    """Neither who wants a token, nor the end of the process."""
    code = """
import asyncio, sys
from ccproxy.auth import CredentialError, build_source, no_post
from ccproxy.config.credential_forms import GoogleAuth
from ccproxy.config.credentials import AuthKnobs
source = build_source(GoogleAuth(file=sys.argv[1]), AuthKnobs(refresh_timeout_seconds=0.1), no_post, {})
async def main():
    for _ in range(2):
        try:
            await source.token()
        except CredentialError as error:
            print(error)
    await source.settled()
asyncio.run(main())
"""
    file = written(tmp_path / "key.json", external({"executable": {"command": "sleep 40", "timeout_millis": 60000}}))
    environ = os.environ | {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True, timeout=30, env=environ
    )
    assert done.stdout.splitlines() == [f"{file}: no access token came within 0.1 s"] * 2
    assert done.stderr == ""


SAID: dict[str, str] = {
    "the name some-service-x7f3k.tokens.example.com does not resolve": "",
    "set GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES to '1'": "",
    "at https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts:generateAccessToken": "",
    "Permission iam.serviceAccountTokenCreator denied on //iam.googleapis.com/projects/123456789012": "",
    "refused: my-own-secret!": "my-own-secret",
    "refused: ya29.a0AfH6SMBx": "ya29",
    "refused: GOCSPX-0123456789": "GOCSPX",
    "refused: 0123456789abcdef0123456789abcdef": "0123456789",
    "refused: aGVsbG8gd29ybGQ/aGVsbG8gd29ybGQ+aGVsbG8=": "aGVs",
    "refused: abcdefghijklmnopqrstuvwxyzabcdef": "abcd",
}
"""What is said, and what is not to be told of it."""


@pytest.mark.parametrize("said", SAID)
def test_of_what_is_said_names_can_be_read_and_secrets_cannot(said: str) -> None:
    told = hidden_unless_named(said, ["my-own-secret"])
    if secret := SAID[said]:
        assert secret not in told
        assert HIDDEN in told
    else:
        assert told == said


def test_programs_have_to_be_allowed_and_it_says_how(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "key.json", external({"executable": {"command": "true"}}))

    async def main() -> None:
        with pytest.raises(CredentialError, match=r"\(set GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES to '1'\)"):
            await source_of({"file": str(file)}, no_post, {}).token()

    run(main())


def test_what_a_file_that_is_named_holds_is_not_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "subject").write_text(json.dumps({"token": "made-up-subject"}))

    async def main() -> None:
        async with cloud(tmp_path) as google:
            said = {"error": "invalid_grant", "error_description": "made-up-subject is none, nor is a made-up-header"}
            google.endpoint.refusals = [json_reply(said, 400)]
            how = {"type": "json", "subject_token_field_name": "token"}
            source = {"file": str(tmp_path / "subject"), "format": how, "headers": {"x": "made-up-header"}}
            written(google.file, external(source, f"{google.upstream.url}/v1/token"))
            with pytest.raises(CredentialError, match=r"invalid_grant: \[redacted\] is none, nor is a \[redacted\]"):
                await google.source().token()

    run(main())
