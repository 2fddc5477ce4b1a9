"""TLS is always verified, against the system's certificates and those of `ca_file`."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
import trustme

from ccproxy.transport.curl.trust import TrustFile, system_files
from ccproxy.transport.upstream import Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.asking import ask, carrier, refused
from tests.transport.peer import Link, Peer, always, ok


def context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server that shows a certificate for these names."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(made)
    return made


@pytest.mark.parametrize("profile", [None, "chrome131"])
def test_a_file_is_trusted_beside_the_system(run: Run, trusted: Authority, tmp_path: Path, profile: str | None) -> None:
    other = trustme.CA()
    file = tmp_path / "other.pem"
    other.cert_pem.write_to_path(str(file))

    async def main() -> None:
        async with (
            Peer(always(ok(b"x")), trusted.server_context()) as by_system,
            Peer(always(ok(b"y")), context(other, "127.0.0.1")) as by_file,
            carrier() as curl,
        ):
            assert await ask(curl, Upstream(by_system.origin, profile=profile)) == b"x"
            assert await ask(curl, Upstream(by_file.origin, ca_file=str(file), profile=profile)) == b"y"
            assert await ask(curl, Upstream(by_system.origin, ca_file=str(file), profile=profile)) == b"x"
            error = await refused(curl, Upstream(by_file.origin, profile=profile))
            assert (error.kind, error.untouched) == ("tls", False)
            assert f"the certificate of {by_file.origin} is not trusted" in str(error)
            assert "curl.se" not in str(error)

    run(main)


@pytest.mark.parametrize(("names", "trusts"), [(["127.0.0.1"], True), (["localhost"], False), (["127.0.0.2"], False)])
def test_addresses_are_verified(run: Run, tmp_path: Path, names: list[str], trusts: bool) -> None:
    authority = trustme.CA()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))

    async def main() -> None:
        async with Peer(always(ok(b"x")), context(authority, *names)) as peer, carrier() as curl:
            way = Upstream(peer.origin, ca_file=str(file))
            if trusts:
                assert await ask(curl, way) == b"x"
            else:
                error = await refused(curl, way)
                assert error.kind == "tls"
                assert "127.0.0.1" in str(error)

    run(main)


def test_no_tls_at_all(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.send(ok(b"x"))
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            origin = type(peer.origin)("https", peer.origin.host, peer.origin.port)
            error = await refused(curl, Upstream(origin))
            assert error.kind == "tls"
            assert str(error).startswith(f"no TLS with {origin}: ")

    run(main)


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"nonsense", "holds no certificates")])
def test_a_file_that_cannot_be_used(run: Run, tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_bytes(content)

    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, carrier() as curl:
            error = await refused(curl, Upstream(peer.origin, ca_file=str(file)))
            assert error.kind == "tls"
            assert f"the ca_file {file} {words}" in str(error)
            assert peer.links == []

    run(main)


def test_an_unknown_profile_is_named(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, carrier() as curl:
            error = await refused(curl, Upstream(peer.origin, profile="netscape4"))
            assert (error.kind, "netscape4" in str(error)) == ("protocol", True)
            assert peer.links == []

    run(main)


def test_the_joined_file_is_private_and_goes_away(trusted: Authority, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(b"-----BEGIN CERTIFICATE-----")
    joined = TrustFile(str(own))
    path = Path(joined.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == trusted.ca_file.read_bytes() + b"\n" + own.read_bytes()
    joined.remove()
    assert not path.exists()
    alone = TrustFile(None)
    alone.remove()
    assert alone.path == str(trusted.ca_file)
    assert trusted.ca_file.exists()


def test_a_folder_of_certificates(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.0", "a.0"):
        (tmp_path / name).write_bytes(authority.ca_file.read_bytes())
    (tmp_path / "folder").mkdir()
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert system_files() == [tmp_path / "a.0", tmp_path / "b.0"]
