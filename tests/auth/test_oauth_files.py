from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccproxy.auth import CredentialError
from ccproxy.providers.standing import anew
from tests.auth.conftest import Run
from tests.auth.house import FILES, Hands, document, house, until
from tests.support.outer.person import ORDINARY
from tests.support.token_server import Fault

BROKEN = {
    "empty": (b"", "is empty"),
    "white space": (b" \n", "is empty"),
    "half": (b'{"claudeAiOauth": {"accessToken": "at-', "is not JSON, or not all of it is there"),
    "no text": (b"\xff\xfe{}", "is not JSON"),
    "a list": (b"[1]", "holds no JSON object"),
    "another schema": (b'{"token": "x"}', "holds neither an access token"),
    "another shape": (b'{"claudeAiOauth": [], "tokens": "x", "access_token": 5}', "holds neither an access token"),
    "blanked": (b'{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0}}', "holds neither an access"),
    "deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "is not JSON"),
    "infinite": (b'{"a": 1e999}', "is not JSON"),
    "long": (b'{"a": "' + b"x" * 1_100_000 + b'"}', "is longer than"),
    "not for a header": (b'{"access_token": "a\\u0000b", "tokens": {"access_token": "a\\nb"}}', "holds"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_none(run: Run, tmp_path: Path, kind: str) -> None:
    async def one(folder: Path, content: bytes, message: str) -> None:
        async with house(folder, kind) as home:
            home.write(content)
            source = home.source()
            with pytest.raises(CredentialError, match=message) as said:
                await source.token()
            assert str(home.file) in str(said.value)
            state = await source.check()
            assert (state.present, state.refreshable) == (False, False)
            assert message in str(state.error)
            valid = home.login()
            assert (await source.token()).token == valid["access_token"], "repaired"
            home.write(content)
            assert (await source.token()).token == valid["access_token"], "the last known one is still valid"
            assert message in str((await source.check()).error)
            assert home.file.read_bytes() == content
            assert home.posts == 0

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name, (content, message) in BROKEN.items():
                group.create_task(one(tmp_path / name, content, message))

    run(main())


def test_missing_and_removed(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            source = home.source()
            with pytest.raises(CredentialError, match=r"\.credentials\.json does not exist"):
                await source.token()
            home.login()
            await source.token()
            home.file.unlink()
            assert source.cached() is None
            with pytest.raises(CredentialError, match="does not exist"):
                await source.token()
            assert not (await source.check()).present

    run(main())


def test_what_is_no_file(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            os.mkfifo(home.file)
            with pytest.raises(CredentialError, match="is not a regular file"):
                await home.source().token()
            home.file.unlink()
            home.file.mkdir()
            with pytest.raises(CredentialError, match=r"is not a regular file|Is a directory"):
                await home.source().token()

    run(main())


def test_a_file_that_is_just_being_written(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            tokens = home.issuer.issue()
            whole = json.dumps(document(home.kind, tokens)).encode()
            home.file.write_bytes(whole[:40])
            asked = asyncio.create_task(home.source().token())
            await asyncio.sleep(0.05)
            home.file.write_bytes(whole)
            assert (await asked).token == tokens["access_token"]

    run(main())


def test_mode_and_links_stay(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            real = tmp_path / "elsewhere.json"
            home.file.rename(real)
            home.file.symlink_to(real)
            real.chmod(0o640)
            token = (await home.source().token()).token
            assert home.file.is_symlink()
            assert not real.is_symlink()
            assert token in real.read_text()
            assert stat.S_IMODE(real.stat().st_mode) == 0o640
            assert [path.name for path in home.file.parent.iterdir()] == [home.file.name], "no locks, no remains"
            assert set(os.listdir(tmp_path)) == {".claude", real.name}

    run(main())


def test_the_owner_stays(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            owner = (ORDINARY, ORDINARY + 1) if os.getuid() == 0 else (os.getuid(), os.getgroups()[0])
            os.chown(home.file, *owner)
            token = (await home.source().token()).token
            status = home.file.stat()
            assert token in home.file.read_text()
            assert (status.st_uid, status.st_gid) == owner

    run(main())


@pytest.mark.parametrize(("indent", "lines"), [(None, 1), (2, 13)])
def test_the_style_stays(run: Run, tmp_path: Path, indent: int | None, lines: int) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            content = document(home.kind, home.issuer.issue(-5))
            home.write(json.dumps(content, indent=indent).encode())
            await home.source().token()
            assert len(home.file.read_text().splitlines()) == lines

    run(main())


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [(1, int), ("1700000000", str), (1_700_000_000, int), ("2024-01-01T00:00:00+01:00", str), (None, int), (True, int)],
)
def test_the_unit_of_the_expiry_stays(run: Run, tmp_path: Path, expiry: object, expected: type) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            tokens = home.issuer.issue()
            home.write({"refresh_token": tokens["refresh_token"], "expires_at": expiry})
            await home.source().token()
            written = home.read()["expires_at"]
            assert type(written) is expected
            assert len(str(written)) == (13 if expiry in (None, 1) else 10 if "-" not in str(expiry) else 27)
            before = home.posts
            await home.source().token()
            assert home.posts == before, "and it is understood"

    run(main())


@pytest.mark.parametrize("kind", FILES)
def test_a_directory_that_vanishes_loses_no_refresh_token(run: Run, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with house(tmp_path, kind) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            hands, away = Hands(), tmp_path / "away"
            source = home.source(hands.clock)
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            home.file.parent.rename(away)
            token = (await asked).token
            assert home.issuer.is_valid(token)
            source.invalidate()
            assert (await source.token()).token == token, "in memory"
            state = await source.check()
            assert "kept in memory only" in str(state.error)
            assert (state.present, state.refreshable) == (True, True)
            for lock in away.glob("*.lock"):
                lock.rmdir() if lock.is_dir() else lock.unlink()
            away.rename(home.file.parent)
            hands.passed += 2
            assert (await source.token()).token == token
            assert home.held[0] == token, "written as soon as it could be"
            assert home.issuer.is_current(home.held[1])
            assert (await source.check()).error is None
            assert home.posts == 1

    run(main())


def test_in_memory_it_is_refreshed_on_and_on(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            hands, away = Hands(), tmp_path / "away"
            source = home.source(hands.clock)
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            home.file.parent.rename(away)
            first = (await asked).token
            hands.passed += 20
            second = (await source.renew(first)).token
            assert home.issuer.is_valid(second)
            assert second != first
            home.file.parent.mkdir()
            hands.passed += 100
            assert (await source.token()).token == second
            assert home.held[0] == second
            assert home.issuer.counters["reused"] == 0

    run(main())


def test_what_is_in_memory_is_written_in_the_end_if_it_can_be(run: Run, tmp_path: Path) -> None:
    """A daemon that stops would lose it: the endpoint does not take the file's refresh token any more."""

    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            source, away = home.source(), tmp_path / "away"
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            home.file.parent.rename(away)
            token = (await asked).token
            await source.settled()
            assert not home.file.parent.exists()
            home.file.parent.mkdir()
            await source.settled()
            assert home.held[0] == token
            assert home.issuer.is_current(home.held[1])

    run(main())


@pytest.mark.parametrize("left", [3600, -5], ids=["good", "over"])
def test_a_lease_is_waited_for(run: Run, tmp_path: Path, left: float) -> None:
    """File servers take leases on what they serve, and give them up when somebody comes (fcntl(2), "Leases")."""
    former = signal.signal(signal.SIGIO, signal.SIG_IGN)  # by which the holder is asked

    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(left)
            with home.file.open("r+") as served:
                fcntl.fcntl(served, fcntl.F_SETLEASE, fcntl.F_WRLCK)
                asyncio.get_running_loop().call_later(0.1, fcntl.fcntl, served, fcntl.F_SETLEASE, fcntl.F_UNLCK)
                assert home.issuer.is_valid((await home.source().token()).token)
            assert home.issuer.is_current(home.held[1])

    try:
        run(main())
    finally:
        signal.signal(signal.SIGIO, former)


def test_the_end_waits_for_who_is_about_to_refresh(run: Run, tmp_path: Path) -> None:
    """Whose POST would be broken off in the middle, for connections are closed next."""

    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            source = home.source()
            asked = asyncio.create_task(source.token())
            await asyncio.sleep(0)  # it has begun to read the file
            asked.cancel()
            await source.settled()
            assert home.posts == 1
            assert home.issuer.is_current(home.held[1])
            assert home.issuer.is_valid(home.held[0])

    run(main())


def test_who_logs_in_anew_counts_more_than_memory(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            source = home.source()
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            home.file.parent.rename(tmp_path / "away")
            await asked
            home.file.parent.mkdir()
            new = home.login()
            assert (await source.token()).token == new["access_token"]
            assert (await source.check()).error is None
            assert home.held[0] == new["access_token"]

    run(main())


@contextmanager
def somebody_else() -> Iterator[Path]:
    """A folder that this process may read and not write."""
    with tempfile.TemporaryDirectory(prefix="ccproxy-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        os.seteuid(os.getuid())


def give_up_rights(folder: Path, files: int = 0o444) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else files)
    if os.getuid() == 0:
        os.seteuid(ORDINARY)


def take_back(folder: Path) -> None:
    os.seteuid(os.getuid())
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


@pytest.mark.parametrize("left", [3600, -5], ids=["good", "over"])
def test_a_persons_wish_is_no_reason_to_refresh_what_cannot_be_written(run: Run, left: float) -> None:
    """`ccproxy auth refresh` ends with its process, and the refresh token would with it."""

    async def main() -> None:
        with somebody_else() as folder:
            async with house(folder) as home:
                home.login(left)
                give_up_rights(folder)
                with pytest.raises(CredentialError, match=r"credentials\.json cannot be written"):
                    await anew(home.source())
                assert home.posts == 0
                take_back(folder)
                assert await anew(home.source()) == "refreshed"

    run(main())


@pytest.mark.parametrize("kind", FILES)
def test_read_only(run: Run, kind: str) -> None:
    async def main() -> None:
        with somebody_else() as folder:
            async with house(folder, kind) as home:
                old = home.login(30)
                before = home.file.read_bytes()
                give_up_rights(folder)
                hands = Hands()
                source = home.source(hands.clock)
                assert (await source.token()).token == old["access_token"]
                await source.settled()
                assert home.posts == 0, "what could not be written is not asked for without need"
                assert "cannot be written" in str((await source.check()).error)
                hands.passed += 40
                token = (await source.token()).token
                assert token != old["access_token"]
                assert "Permission denied" in str((await source.check()).error)
                hands.passed += 1
                assert (await source.token()).token == token
                hands.passed += 4000
                assert (await source.token()).token not in (token, old["access_token"])
                assert home.posts == 2
                assert home.issuer.counters["reused"] == 0
                assert home.file.read_bytes() == before
                take_back(folder)

    run(main())


def test_where_no_file_can_be_made_it_is_overwritten(run: Run) -> None:
    """As with a single file that is mounted into a container."""

    async def main() -> None:
        with somebody_else() as folder:
            async with house(folder) as home:
                old = home.login(-5)
                inode = home.file.stat().st_ino
                give_up_rights(folder, 0o666)
                token = (await home.source().token()).token
                assert token != old["access_token"]
                assert home.held[0] == token
                assert home.issuer.is_current(home.held[1])
                assert home.file.stat().st_ino == inode
                take_back(folder)

    run(main())


@pytest.mark.parametrize("kind", FILES)
def test_unreadable(run: Run, kind: str) -> None:
    async def main() -> None:
        with somebody_else() as folder:
            async with house(folder, kind) as home:
                home.login(30)
                home.file.chmod(0)
                if os.getuid() == 0:
                    os.seteuid(ORDINARY)
                with pytest.raises(CredentialError, match="cannot be read: Permission denied"):
                    await home.source().token()

    run(main())
