"""OpenSSL's hash of a name is computed without OpenSSL; OpenSSL is the judge."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import crypto

from ccproxy.jail.anchors import additions, subject_hash
from ccproxy.jail.bundles import read
from ccproxy.jail.java import der

KEY = ed25519.Ed25519PrivateKey.generate()
OIDS = [x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME, x509.NameOID.LOCALITY_NAME]
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16
)  # 64 bytes at most (X.520, ub-common-name)
NAMES = st.lists(st.lists(st.tuples(st.sampled_from(OIDS), TEXTS), min_size=1, max_size=2), min_size=1, max_size=4)


def certificate(subject: x509.Name) -> bytes:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), 1, now, now + timedelta(1))
    return builder.sign(KEY, None).public_bytes(serialization.Encoding.DER)


def openssl_hash(certificate: bytes) -> str:
    return f"{crypto.load_certificate(crypto.FILETYPE_ASN1, certificate).subject_name_hash():08x}"


@given(NAMES)
def test_any_name(parts: list[list[tuple[x509.ObjectIdentifier, str]]]) -> None:
    name = x509.Name(
        [x509.RelativeDistinguishedName([x509.NameAttribute(*pair) for pair in dict(p).items()]) for p in parts]
    )
    made = certificate(name)
    assert subject_hash(made) == openssl_hash(made)


def test_the_directory_of_this_machine() -> None:
    hashed = [name for name in os.listdir("/etc/ssl/certs") if name[8:] == ".0"]
    assert len(hashed) > 20
    for name in hashed:
        assert subject_hash(der(read(f"/etc/ssl/certs/{name}"))) == name[:8]


@given(st.binary(max_size=200))
def test_what_is_no_certificate(data: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        subject_hash(data)


@given(st.data())
def test_a_damaged_certificate_hashes_or_is_none(data: st.DataObject) -> None:
    damaged = bytearray(certificate(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert len(subject_hash(bytes(damaged))) == 8


def test_what_is_there_is_not_replaced() -> None:
    present = next(name for name in sorted(os.listdir("/etc/ssl/certs")) if name[8:] == ".0")
    made = additions(read(f"/etc/ssl/certs/{present}"))
    assert any(path.startswith(f"/etc/ssl/certs/{present[:8]}.") for path in made)
    assert not any(os.path.lexists(path) for path in made)
