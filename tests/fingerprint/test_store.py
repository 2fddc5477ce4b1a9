from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.fingerprint import BadRecordError, Fingerprint
from ccproxy.fingerprint.record import describe
from ccproxy.fingerprint.store import BadNameError, FingerprintStore
from tests.fingerprint.hellos import CHROME, CHROME_JA4, of_ja4_ro

RECORD: dict[str, Any] = describe(parse_client_hello(of_ja4_ro(CHROME).records()), "test", 0.0)
SPEC = [
    "schema_version",
    "source",
    "captured_at",
    "sni",
    "alpn_protocols",
    "legacy_version",
    "supported_versions",
    "cipher_suites",
    "extensions",
    "supported_groups",
    "ec_point_formats",
    "signature_algorithms",
    "signature_algorithm_names",
    "ja3",
    "ja3_full",
    "ja4",
    "ja4_r",
    "http_version",
]


def test_a_record_has_what_was_agreed() -> None:
    assert set(SPEC) <= set(RECORD)
    assert RECORD["schema_version"] == 1
    assert RECORD["captured_at"] == "1970-01-01T00:00:00.000+00:00"
    assert (RECORD["sni"], RECORD["alpn_protocols"], RECORD["http_version"]) == ("example.com", ["h2"], "v2")
    assert (RECORD["legacy_version"], RECORD["supported_versions"]) == ("0303", ["0304", "0303"])
    assert RECORD["supported_groups"] == ["001d", "0017", "0018"]
    assert RECORD["signature_algorithm_names"][:2] == ["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"]
    assert RECORD["ja4"] == CHROME_JA4
    assert (RECORD["grease"], RECORD["raw"]["cipher_suites"][0]) == (True, "0a0a")
    assert RECORD["application_settings_extension"] == "4469"


def test_a_record_is_kept_for_its_user_alone(tmp_path: Path) -> None:
    store = FingerprintStore(tmp_path)
    path = store.save("my-client", RECORD)
    assert path == tmp_path / "fingerprints" / "my-client.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(json.loads(path.read_text())) == sorted(RECORD)
    assert (store.names(), store.load("my-client")) == (["my-client"], RECORD)
    store.save("my-client", RECORD | {"source": "again"})
    assert store.load("my-client")["source"] == "again"
    assert [each.name for each in path.parent.iterdir()] == ["my-client.json"]
    store.remove("my-client")
    assert store.names() == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a\0b", "a\n", "x" * 65, "-x", "ä"]
)
def test_names_that_are_paths_or_worse(tmp_path: Path, name: str) -> None:
    store = FingerprintStore(tmp_path)
    for call in (store.load, store.remove, lambda each: store.save(each, RECORD)):
        with pytest.raises(BadNameError):
            call(name)
    assert store.find(name) is None
    assert not list(tmp_path.iterdir())


def test_a_record_of_an_older_writer(tmp_path: Path) -> None:
    spare = {name: RECORD[name] for name in SPEC}
    fingerprint = Fingerprint.read(spare)
    assert (fingerprint.ja4, fingerprint.key_shares, fingerprint.http2) == (CHROME_JA4, (), None)


BROKEN: list[Any] = [
    None,
    [],
    {},
    {"schema_version": 2},
    RECORD | {"schema_version": "1"},
    RECORD | {"cipher_suites": []},
    RECORD | {"cipher_suites": "1301"},
    RECORD | {"cipher_suites": ["xyz"]},
    RECORD | {"cipher_suites": ["12345"]},
    RECORD | {"cipher_suites": [4865]},
    RECORD | {"cipher_suites": ["1301"] * 600},
    RECORD | {"ja4": 4},
    RECORD | {"record_size_limit": "big"},
    RECORD | {"record_size_limit": True},
    RECORD | {"record_size_limit": -1},
    RECORD | {"http2": "yes"},
    RECORD | {"http2": {"settings": [[1]]}},
    RECORD | {"http2": {"pseudo_header_order": "mmmm"}},
]


@pytest.mark.parametrize("record", BROKEN)
def test_what_is_no_record(tmp_path: Path, record: Any) -> None:
    store = FingerprintStore(tmp_path)
    with pytest.raises(BadRecordError):
        store.save("x", record)
    assert store.names() == []
    store.directory.mkdir(exist_ok=True)
    store.path("x").write_text(json.dumps(record))
    with pytest.raises(BadRecordError, match=r"x\.json"):
        store.load("x")
    assert store.find("x") is None


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * 300_000])
def test_a_file_that_is_no_json(tmp_path: Path, data: bytes) -> None:
    store = FingerprintStore(tmp_path)
    store.directory.mkdir()
    store.path("x").write_bytes(data)
    with pytest.raises(BadRecordError, match=r"x\.json"):
        store.load("x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.sampled_from(["settings", "priority", "weight"]), each)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(RECORD)), JSON)
def test_any_member_may_be_anything(name: str, value: Any) -> None:
    try:
        Fingerprint.read(RECORD | {name: value, "http2": value})
    except BadRecordError:
        return
