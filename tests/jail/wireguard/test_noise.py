from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ccproxy.jail import noise

KDF = [  # wireguard-go, device/kdf_test.go
    (
        b"test-key",
        b"test-input",
        "6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
        "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
        "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24",
    ),
    (
        b"wireguard",
        b"wireguard",
        "491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
        "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
        "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160",
    ),
    (
        b"",
        b"",
        "8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
        "58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
        "0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e",
    ),
]


@pytest.mark.parametrize(("key", "data", "first", "second", "third"), KDF)
def test_kdf(key: bytes, data: bytes, first: str, second: str, third: str) -> None:
    assert [each.hex() for each in noise.kdf(key, data, 3)] == [first, second, third]
    assert [each.hex() for each in noise.kdf(key, data, 1)] == [first]


def test_hchacha20() -> None:
    """draft-irtf-cfrg-xchacha-03 §2.2.1."""
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert noise.hchacha20(bytes(range(32)), nonce).hex() == expected


SEALED = bytes.fromhex(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216"
    "cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13"
    "b52ec0875924c1c7987947deafd8780acf49"
)


def test_xchacha20_poly1305() -> None:
    """draft-irtf-cfrg-xchacha-03, appendix A.3.1."""
    key, nonce = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
    data = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    plain = noise.unseal_xchacha20(key, nonce, SEALED, data)
    assert plain.startswith(b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip")
    with pytest.raises(InvalidTag):
        noise.unseal_xchacha20(key, nonce, SEALED, data[:-1])


def test_the_protocols_first_hashes() -> None:
    """Wireguard's documented initial chaining key and hash."""
    assert noise.NAME.hex() == "60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36"
    start = noise.hashed(noise.NAME, noise.PROLOGUE)
    assert start.hex() == "2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3"


@pytest.mark.parametrize("public", [bytes(32), b"\x01" + bytes(31), bytes(31), b""])
def test_public_keys_that_are_none(public: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is the library's
        noise.exchange(X25519PrivateKey.generate(), public)
