"""Whom TLS trusts: the system's authorities, those of a file, and what is said of certificates that will not do."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from ccproxy.transport.carrier import TransportError
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.retry import RECONNECTABLE
from ccproxy.transport.tls import TrustStore
from ccproxy.transport.upstream import Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, always, get, ok


def file_of(ca: trustme.CA, folder: Path) -> str:
    path = folder / "extra.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def shows(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def test_a_file_is_trusted_beside_the_system(run: Run, trusted: Authority, tmp_path: Path) -> None:
    """And for those upstreams only that name it."""
    extra = trustme.CA()
    file = file_of(extra, tmp_path)

    async def main() -> None:
        async with (
            Peer(always(ok(b"extra")), shows(extra.issue_cert("127.0.0.1"))) as own,
            Peer(always(ok(b"system")), trusted.server_context()) as public,
        ):
            pool = NativePool(Limits())
            for peer, body in ((own, b"extra"), (public, b"system")):
                assert await (await pool.send(Upstream(peer.origin, ca_file=file), get())).read() == body
            await pool.close()

    run(main)


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_cannot_be_used_is_named(
    run: Run, authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    """Nothing is connected to; once the file is right it is read again."""
    file = tmp_path / "extra.pem"
    if content is not None:
        file.write_bytes(content)

    async def main() -> None:
        async with Peer(always(ok(b"x")), authority.server_context()) as peer:
            pool, way = NativePool(Limits()), Upstream(peer.origin, ca_file=str(file))
            with pytest.raises(TransportError, match="ca_file") as caught:
                await pool.send(way, get())
            error = caught.value
            assert (error.kind, error.status, error.untouched) == ("tls", 502, False)
            assert str(file) in str(error)
            assert not peer.links
            file.write_bytes(authority.ca_file.read_bytes())
            assert await (await pool.send(way, get())).read() == b"x"
            await pool.close()

    run(main)


def test_a_context_is_made_once(run: Run, authority: Authority) -> None:
    async def main() -> None:
        store, file = TrustStore(), str(authority.ca_file)
        assert await store.context(file) is await store.context(file)
        assert await store.context(None) is not await store.context(file)

    run(main)


YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("expired", "certificate has expired"),
        ("other name", "certificate is not valid for '127.0.0.1'"),
        ("unknown", "; a ca_file can name more certificates to trust"),
        ("self-signed", "; a ca_file can name more certificates to trust"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(run: Run, tmp_path: Path, case: str, words: str) -> None:
    """Nothing of the request is sent, and it is not tried again."""
    known, unknown = trustme.CA(), trustme.CA()
    contexts = {
        "expired": lambda: shows(known.issue_cert("127.0.0.1", not_after=YESTERDAY)),
        "other name": lambda: shows(known.issue_cert("localhost", "10.0.0.1")),
        "unknown": lambda: shows(unknown.issue_cert("127.0.0.1")),
        "self-signed": lambda: self_signed(tmp_path),
    }
    came: list[bytes] = []

    async def serve(link: Link) -> None:
        came.append(await link.reader.read())

    async def main() -> None:
        async with Peer(serve, contexts[case]()) as peer:
            pool = NativePool(Limits())
            with pytest.raises(TransportError) as caught:
                await pool.send(Upstream(peer.origin, ca_file=file_of(known, tmp_path)), get())
            assert (caught.value.kind, caught.value.status) == ("tls", 502)
            assert f"the certificate of {peer.origin} is not trusted: " in str(caught.value)
            assert words in str(caught.value)
            await pool.close()

    try:
        run(main)
    except AssertionError as error:
        if "SSL handshake" not in str(error):  # a server's loop reports a handshake that its client broke off
            raise
    assert not any(came)
    assert "tls" not in RECONNECTABLE


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server that shows a root certificate as its own."""
    root = trustme.CA()
    (folder / "root.pem").write_bytes(root.private_key_pem.bytes() + root.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "root.pem")
    return context
