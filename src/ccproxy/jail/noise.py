"""The cryptography of WireGuard's handshake, initiator's side, as functions of their arguments.

Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (Noise revision 34 §5 and §9) and XChaCha20-Poly1305
(draft-irtf-cfrg-xchacha-03), which seals WireGuard's cookies.
"""

from __future__ import annotations

import base64
import hmac
import struct
from dataclasses import dataclass
from hashlib import blake2s
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PROLOGUE = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
NO_PSK = bytes(32)
KEY_BYTES = 32
MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Identity:
    """Who talks to whom: our static key, and the peer's public one."""

    private: X25519PrivateKey
    public: bytes
    peer: bytes
    shared: bytes
    """Diffie-Hellman of the two."""

    @classmethod
    def from_base64(cls, private: str, peer: str) -> Self:
        """From keys as WireGuard's files write them. Raises ValueError for anything else."""
        key = X25519PrivateKey.from_private_bytes(base64.b64decode(private, validate=True))
        public = base64.b64decode(peer, validate=True)
        return cls(key, public_of(key), public, exchange(key, public))


@dataclass(frozen=True, slots=True)
class State:
    """What an initiator must remember until the answer."""

    ephemeral: X25519PrivateKey
    chain: bytes
    hash: bytes


NAME = blake2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s").digest()


def initiate(
    identity: Identity, ephemeral: X25519PrivateKey, payload: bytes, prologue: bytes = PROLOGUE
) -> tuple[bytes, State]:
    """The first message: `e, es, s, ss` and the payload; and what `finish` needs."""
    public = public_of(ephemeral)
    digest = hashed(hashed(hashed(NAME, prologue), identity.peer), public)
    (chain,) = kdf(NAME, public, 1)
    chain, key = kdf(chain, exchange(ephemeral, identity.peer), 2)
    static = seal(key, identity.public, digest)
    digest = hashed(digest, static)
    chain, key = kdf(chain, identity.shared, 2)
    sealed = seal(key, payload, digest)
    return public + static + sealed, State(ephemeral, chain, hashed(digest, sealed))


def finish(identity: Identity, state: State, message: bytes, psk: bytes = NO_PSK) -> tuple[bytes, bytes, bytes]:
    """The second message, `e, ee, se, psk` and a payload: the payload, the sending key and the receiving key.

    Raises InvalidTag or ValueError if it is not the peer's answer to this state.
    """
    public, sealed = message[:KEY_BYTES], message[KEY_BYTES:]
    (chain,) = kdf(state.chain, public, 1)
    (chain,) = kdf(chain, exchange(state.ephemeral, public), 1)
    (chain,) = kdf(chain, exchange(identity.private, public), 1)
    chain, extra, key = kdf(chain, psk, 3)
    digest = hashed(hashed(state.hash, public), extra)
    payload = unseal(key, sealed, digest)
    sending, receiving = kdf(chain, b"", 2)
    return payload, sending, receiving


def public_of(key: X25519PrivateKey) -> bytes:
    """The public half."""
    return key.public_key().public_bytes_raw()


def exchange(key: X25519PrivateKey, public: bytes) -> bytes:
    """Diffie-Hellman. Raises ValueError for a public key that is none, or of small order."""
    return key.exchange(X25519PublicKey.from_public_bytes(public))


def hashed(*parts: bytes) -> bytes:
    """BLAKE2s of the parts in a row."""
    return blake2s(b"".join(parts)).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """Keyed BLAKE2s of 16 bytes."""
    return blake2s(data, key=key, digest_size=16).digest()


def kdf(chain: bytes, data: bytes, count: int) -> tuple[bytes, ...]:
    """HKDF with HMAC-BLAKE2s: `count` keys of 32 bytes."""
    secret, last, keys = hmac.digest(chain, data, "blake2s"), b"", []
    for number in range(1, count + 1):
        last = hmac.digest(secret, last + bytes([number]), "blake2s")
        keys.append(last)
    return tuple(keys)


def seal(key: bytes, plain: bytes, data: bytes) -> bytes:
    """ChaCha20-Poly1305 with nonce 0: each key of a handshake seals one thing."""
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, data)


def unseal(key: bytes, sealed: bytes, data: bytes) -> bytes:
    """The inverse of `seal`. Raises InvalidTag."""
    return ChaCha20Poly1305(key).decrypt(bytes(12), sealed, data)


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """The key of XChaCha20 for a nonce's first 16 bytes: ChaCha20's block without the final addition."""
    block = struct.unpack("<16I", Cipher(algorithms.ChaCha20(key, nonce), None).encryptor().update(bytes(64)))
    added = (*struct.unpack("<4I", b"expand 32-byte k"), *[0] * 8, *struct.unpack("<4I", nonce))
    return struct.pack("<8I", *((block[at] - added[at]) & MASK for at in (0, 1, 2, 3, 12, 13, 14, 15)))


def unseal_xchacha20(key: bytes, nonce: bytes, sealed: bytes, data: bytes) -> bytes:
    """Opens XChaCha20-Poly1305 with a nonce of 24 bytes. Raises InvalidTag."""
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    return inner.decrypt(bytes(4) + nonce[16:], sealed, data)
