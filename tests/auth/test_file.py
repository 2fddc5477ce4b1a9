from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from ccproxy.auth import Credential, CredentialError
from ccproxy.auth.file import FileSource
from ccproxy.auth.source import checked
from tests.auth.conftest import Run


@pytest.mark.parametrize("content", [b"T", b" T\r\n\n", b"\xef\xbb\xbfT\n"])
def test_the_content_without_white_space(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)

    async def main() -> None:
        assert (await FileSource(tmp_path / "key").token()).token == "T"

    run(main())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "key cannot be read: No such file or directory"),
        (b"", "key holds nothing"),
        (b" \n", "key holds nothing"),
        (b"a\nb", "key holds more than one line"),
        (b"a\x00b", "key holds characters that cannot stand in a header"),
        (b"\xff", "key holds something that is not text"),
        (b"x" * 70_000, "key holds more than 65536 bytes"),
    ],
)
def test_failures_say_why(run: Run, tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    async def main() -> None:
        with pytest.raises(CredentialError, match=message):
            await FileSource(tmp_path / "key").token()

    run(main())


def test_what_is_no_file(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    async def main() -> None:
        for path in (tmp_path, tmp_path / "pipe"):
            with pytest.raises(CredentialError, match="is not a regular file"):
                await FileSource(path).token()

    run(main())


def test_a_new_content_is_seen_at_once(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")

    async def main() -> None:
        source = FileSource(key)
        assert (await source.token()).token == "one"
        assert source.cached() is not None
        key.write_text("second")
        assert source.cached() is None
        assert (await source.token()).token == "second"

    run(main())


def test_a_file_that_was_replaced_is_seen_at_once(run: Run, tmp_path: Path) -> None:
    key, new = tmp_path / "key", tmp_path / "new"
    key.write_text("one")
    new.write_text("two")
    times = key.stat().st_atime_ns, key.stat().st_mtime_ns
    os.utime(new, ns=times)

    async def main() -> None:
        source = FileSource(key)
        assert (await source.token()).token == "one"
        new.replace(key)
        assert (await source.token()).token == "two", "same size, same time, another file"

    run(main())


def test_a_link_to_another_file_is_seen_at_once(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    (tmp_path / "key").symlink_to("a")

    async def main() -> None:
        source = FileSource(tmp_path / "key")
        assert (await source.token()).token == "a"
        (tmp_path / "next").symlink_to("b")
        (tmp_path / "next").replace(tmp_path / "key")
        assert (await source.token()).token == "b"

    run(main())


def test_a_file_that_is_removed_is_no_credential_any_more(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")

    async def main() -> None:
        source = FileSource(key)
        await source.token()
        key.unlink()
        assert source.cached() is None
        with pytest.raises(CredentialError, match="cannot be read"):
            await source.token()

    run(main())


@pytest.mark.parametrize("content", [None, ""])
def test_what_failed_is_read_again_once_the_file_is_another(run: Run, tmp_path: Path, content: str | None) -> None:
    """A failure is kept for a second, but nobody has to wait for that who has just put it right."""
    key = tmp_path / "key"
    if content is not None:
        key.write_text(content)
    read: list[str] = []

    def noted(text: str, origin: str) -> Credential:
        read.append(text)
        return checked(text, origin)

    async def main() -> None:
        source = FileSource(key, read=noted)
        for _ in range(3):
            with pytest.raises(CredentialError):
                await source.token()
        assert read == ([] if content is None else [content])
        key.write_text("one")
        assert (await source.token()).token == "one"

    run(main())


def test_it_is_read_again_when_it_is_too_old(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")
    status = key.stat()

    async def main() -> None:
        source = FileSource(key, max_age=0.2)
        assert (await source.token()).token == "one"
        with key.open("r+") as stream:
            stream.write("two")
        os.utime(key, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (await source.token()).token == "one", "nothing shows that it changed"
        await asyncio.sleep(0.25)
        assert (await source.token()).token == "two"

    run(main())


def test_invalidate(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")

    async def main() -> None:
        source = FileSource(key)
        await source.token()
        source.invalidate()
        assert source.cached() is None
        assert (await source.token()).token == "one"

    run(main())


def test_a_file_that_hangs_holds_up_nobody_else(run: Run, tmp_path: Path) -> None:
    """As on a network's file system. Here a lease keeps whoever opens the file waiting (fcntl(2), "Leases")."""
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text("one")
    other.write_text("two")
    former = signal.signal(signal.SIGIO, signal.SIG_IGN)  # by which the holder is asked to give it up

    async def main() -> None:
        source = FileSource(key, timeout=0.02)
        with key.open("r+") as held:
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            for _ in range(40):
                with pytest.raises(CredentialError, match=r"key could not be read in 0\.02 s"):
                    await source.token()
                source.invalidate()
            assert (await FileSource(other, timeout=10).token()).token == "two"
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        async with asyncio.timeout(10):
            while True:
                with suppress(CredentialError):
                    assert (await source.token()).token == "one"
                    return
                source.invalidate()

    try:
        run(main())
    finally:
        signal.signal(signal.SIGIO, former)
