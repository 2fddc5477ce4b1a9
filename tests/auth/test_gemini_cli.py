"""The secret that Google wants with a refresh is found where Gemini CLI is installed, however that was done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.auth import CredentialError
from ccproxy.auth.gemini_cli import BLOCK, InstalledClient, pairs
from tests.auth.conftest import Run
from tests.auth.house import house
from tests.auth.installed import ID, PACKAGE, SECRET, SOURCE, TYPESCRIPT, bundled, linked, program
from tests.support.token_server import Fault

type Install = Callable[[Path], dict[str, str]]
CORE = "dist/src/code_assist/oauth2.js"


def of_its_own(place: str) -> Install:
    """Before there was a bundle: the file of the compiler."""

    def install(folder: Path) -> dict[str, str]:
        environ = linked(folder, "dist/index.js")
        program(folder / PACKAGE, place, TYPESCRIPT)
        return environ

    return install


def called(line: str) -> Install:
    """A script calls it, as pnpm and Homebrew do."""

    def install(folder: Path) -> dict[str, str]:
        bundled(folder)
        script = line.replace("FOLDER", str(folder))
        program(folder, "sh/gemini", f'#!/bin/sh\nexport NODE_PATH=/nowhere:/no/where\nexec {script} "$@"\n')
        return {"PATH": f"/no/such/folder:{folder / 'sh'}"}

    return install


INSTALLS: dict[str, Install] = {
    "bundle": bundled,
    "one file": lambda folder: linked(folder, "bundle/gemini.js", SOURCE),
    "compiled": of_its_own(CORE),
    "compiled long ago": of_its_own("dist/code_assist/oauth2.js"),
    "core inside": of_its_own(f"node_modules/@google/gemini-cli-core/{CORE}"),
    "core beside": of_its_own(f"../gemini-cli-core/{CORE}"),
    "pnpm": called(f'node "$basedir/../{PACKAGE}/bundle/gemini.js"'),
    "pnpm in braces": called(f'node "${{basedir}}/../{PACKAGE}/bundle/gemini.js"'),
    "a script": called(f"FOLDER/{PACKAGE}/bundle/gemini.js"),
}


@pytest.mark.parametrize("name", INSTALLS)
def test_it_is_found(run: Run, tmp_path: Path, name: str) -> None:
    async def main() -> None:
        assert await InstalledClient(INSTALLS[name](tmp_path)).secret(ID) == SECRET

    run(main())


def nothing_in_it(folder: Path) -> dict[str, str]:
    return bundled(folder, "var OAUTH_CLIENT_ID = other();")


def another_program(folder: Path) -> dict[str, str]:
    return {"PATH": str(program(folder, "bin/gemini", "#!/bin/sh\necho a browser for gemini://\n").parent)}


def a_circle(folder: Path) -> dict[str, str]:
    """A link to itself."""
    environ = linked(folder, "bundle/gemini.js")
    (folder / PACKAGE / "bundle" / "chunk.js").symlink_to("chunk.js")
    return environ


REFUSALS: dict[str, tuple[Install, str]] = {
    "nowhere": (lambda folder: {"PATH": str(folder)}, "no `gemini` is in PATH"),
    "no path": (lambda folder: {}, "no `gemini` is in PATH"),
    "nothing in it": (nothing_in_it, "it is not to be found with "),
    "another program": (another_program, "it is not to be found with "),
    "links that lead nowhere": (a_circle, "it is not to be found with "),
    "another client": (lambda folder: bundled(folder, SOURCE.replace(ID, "other.example")), "is another"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_where_it_is_not_it_is_told_what_to_do(run: Run, tmp_path: Path, name: str) -> None:
    install, why = REFUSALS[name]

    async def main() -> None:
        with pytest.raises(CredentialError, match=r"set client_secret, or run `gemini` once") as caught:
            await InstalledClient(install(tmp_path)).secret(ID)
        assert why in str(caught.value)
        assert SECRET not in str(caught.value)

    run(main())


def test_it_is_looked_for_once_in_each_version(run: Run, tmp_path: Path) -> None:
    environ = bundled(tmp_path)
    part, entry = (tmp_path / PACKAGE / "bundle" / name for name in ("chunk-B.js", "gemini.js"))

    async def main() -> None:
        client = InstalledClient(environ)
        assert await client.secret(ID) == SECRET
        part.write_text(SOURCE.replace(SECRET, "another"))
        assert await client.secret(ID) == SECRET
        entry.write_text("#!/usr/bin/env node\n// newer\n")
        assert await client.secret(ID) == "another"
        entry.unlink()
        with pytest.raises(CredentialError, match="no `gemini` is in PATH"):
            await client.secret(ID)

    run(main())


def test_what_is_too_large_is_left_out(run: Run, tmp_path: Path) -> None:
    environ = bundled(tmp_path)
    with (tmp_path / PACKAGE / "bundle" / "chunk-C.js").open("wb") as stream:
        os.truncate(stream.fileno(), 2**40)

    async def main() -> None:
        assert await InstalledClient(environ).secret(ID) == SECRET

    run(main())


@pytest.mark.parametrize("before", [0, 1, BLOCK - 300, BLOCK - 60, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 200])
def test_wherever_in_a_file_it_is(tmp_path: Path, before: int) -> None:
    linked(tmp_path, "bundle/gemini.js", ";" * before + SOURCE + ";" * 3 * BLOCK)
    assert dict(pairs(tmp_path / PACKAGE / "bundle" / "gemini.js")) == {ID: SECRET}


PIECES = [
    SOURCE,
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    ' = "',
    "';\n",
    "`",
    "/node_modules/@google/gemini-cli/",
    "\0",
]


@given(st.lists(st.sampled_from([piece.encode() for piece in PIECES]) | st.binary(max_size=60), max_size=12))
def test_any_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "gemini").write_bytes(b"".join(pieces))
    assert list(pairs(folder / "gemini")) == []
    linked(folder, "bundle/gemini.js").clear()
    (folder / PACKAGE / "bundle" / "gemini.js").write_bytes(b"".join(pieces))
    for id, secret in pairs(folder / PACKAGE / "bundle" / "gemini.js"):
        assert id
        assert secret


def test_a_token_that_is_valid_needs_none_of_it(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, "google_oauth") as home:
            tokens = home.login()
            source = home.source(client_id=ID, client_secret=None)
            assert (await source.token()).token == tokens["access_token"]
            assert (await source.check()).error is None
            assert home.posts == 0

    run(main())


def test_a_refresh_has_it(run: Run, tmp_path: Path) -> None:
    environ = bundled(tmp_path / "npm")

    async def main() -> None:
        async with house(tmp_path, "google_oauth") as home:
            home.login(-5)
            source = home.source(environ=environ, client_id=ID, client_secret=None)
            state = await source.check()
            assert (state.present, state.error, home.posts) == (True, None, 0)
            assert home.issuer.is_valid((await source.token()).token)
            (post,) = home.issuer.posts
            assert (post["client_id"], post["client_secret"]) == (ID, SECRET)
            assert SECRET not in repr(vars(source)) + home.file.read_text()

    run(main())


def test_without_it_a_token_that_is_over_is_told_to_be(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, "google_oauth") as home:
            home.login(-5)
            source = home.source(client_id=ID, client_secret=None)
            state = await source.check()
            assert not state.present
            assert str(state.error).startswith(f"{home.file}: it is over; it can only be renewed with the secret")
            with pytest.raises(CredentialError, match="no `gemini` is in PATH") as caught:
                await source.token()
            assert str(home.file) in str(caught.value)
            assert home.posts == 0
            tokens = home.login()  # somebody has run `gemini` once
            assert (await source.token()).token == tokens["access_token"]
            assert (await source.check()).present

    run(main())


def test_an_endpoint_that_repeats_it_is_not_repeated(run: Run, tmp_path: Path) -> None:
    environ = bundled(tmp_path / "npm")

    async def main() -> None:
        async with house(tmp_path, "google_oauth") as home:
            home.login(-5)
            home.server.fail(Fault("error", status=401, error=f"invalid_client {SECRET}"))
            source = home.source(environ=environ, client_id=ID, client_secret=None)
            with pytest.raises(CredentialError, match="invalid_client") as caught:
                await source.token()
            assert SECRET not in str(caught.value)

    run(main())
