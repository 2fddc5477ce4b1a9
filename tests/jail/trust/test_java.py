"""Java's own tool reads what we write."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.java import der, stores, with_certificate
from tests.support.tls import Authority

KEYTOOL = ["keytool", "-J-Duser.language=en", "-storepass", "changeit", "-noprompt", "-keystore"]


def keytool(store: Path, *arguments: str) -> str:
    done = subprocess.run([*KEYTOOL, store, *arguments], capture_output=True, text=True, timeout=50, check=True)
    return done.stdout


def store_of(tmp_path: Path, authority: Authority, *options: str) -> Path:
    store = tmp_path / "store"
    keytool(store, "-importcert", "-alias", "own", "-file", str(authority.ca_file), *options)
    return store


def test_the_store_has_both_and_its_digest_is_right(tmp_path: Path, authority: Authority) -> None:
    store = store_of(tmp_path, authority, "-storetype", "JKS")
    ca = Authority(tmp_path).ca_file.read_bytes()
    added = with_certificate(store.read_bytes(), der(ca))
    assert added is not None
    store.write_bytes(added)
    listing = keytool(store, "-list", "-rfc")
    assert "contains 2 entries" in listing
    assert "".join(ca.decode().split()) in "".join(listing.split())
    assert "".join(authority.ca_file.read_text().split()) in "".join(listing.split())


def test_a_store_of_another_kind_or_password_is_left_alone(tmp_path: Path, authority: Authority) -> None:
    certificate = der(authority.ca_file.read_bytes())
    store = store_of(tmp_path, authority, "-storetype", "PKCS12")
    assert with_certificate(store.read_bytes(), certificate) is None
    own = tmp_path / "own"
    arguments = ["-storetype", "JKS", "-storepass", "another", "-importcert", "-file", authority.ca_file, "-noprompt"]
    subprocess.run(["keytool", "-keystore", own, *arguments], capture_output=True, timeout=50, check=True)
    assert with_certificate(own.read_bytes(), certificate) is None


def test_the_store_of_java_home_is_found(tmp_path: Path, authority: Authority) -> None:
    home = tmp_path / "lib/security"
    home.mkdir(parents=True)
    store = store_of(tmp_path, authority, "-storetype", "JKS").rename(home / "cacerts")
    assert str(store) in stores(authority.ca_file.read_bytes(), {"JAVA_HOME": str(tmp_path)})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/java").touch(0o755)
    assert str(store) in stores(authority.ca_file.read_bytes(), {"PATH": f":/nowhere:{tmp_path}/bin"})


@given(st.binary(max_size=100))
def test_bytes_that_are_no_store_are_left_alone(data: bytes) -> None:
    assert with_certificate(data, b"certificate") is None
