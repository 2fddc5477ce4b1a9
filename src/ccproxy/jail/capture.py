"""A capture and its key logs in one file, which Wireshark opens decrypted."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ccproxy.jail import pcapng
from ccproxy.jail.classic import MAGIC as CLASSIC
from ccproxy.jail.classic import blocks_of
from ccproxy.jail.errors import JailError
from ccproxy.jail.pcapng import TLS_SECRETS, WIREGUARD_SECRETS, Block

GZIP_MAGIC = b"\x1f\x8b"
PACKETS = (pcapng.PACKET, pcapng.SIMPLE_PACKET, pcapng.OLD_PACKET)
PIECE = 4 << 20
"""Secrets per block: Wireshark reads none of more than 16 MiB."""
LINES = {
    TLS_SECRETS: re.compile(rb"[A-Z][A-Z0-9_]* [0-9A-Fa-f]+ [0-9A-Fa-f]+"),
    WIREGUARD_SECRETS: re.compile(rb"[A-Z_]+ ?= ?[A-Za-z0-9+/]{43}="),
}
NAMES = {TLS_SECRETS: "TLS", WIREGUARD_SECRETS: "WireGuard"}


@dataclass(frozen=True, slots=True)
class Bundled:
    """What went into the file."""

    packets: int
    tls_secrets: int
    wireguard_secrets: int


def decrypt_capture(source: Path, target: Path, tls_keylog: Path | None, wg_keylog: Path | None) -> Bundled:
    """Writes a pcapng file with a capture's packets (pcap or pcapng) and the key logs' secrets before them.

    All secrets of the logs go in: who has the file can read every connection of theirs. It is the owner's alone (0600),
    and there as a whole or not at all. Raises JailError.
    """
    secrets = {
        TLS_SECRETS: _secrets(TLS_SECRETS, tls_keylog),
        WIREGUARD_SECRETS: _secrets(WIREGUARD_SECRETS, wg_keylog),
    }
    if not any(secrets.values()):
        raise JailError("there are no secrets to put in", "capture with `ccproxy run --inspect --keylog`")
    if target.exists() and (not target.is_file() or (source.exists() and target.samefile(source))):
        raise JailError(f"{target} cannot be replaced", "name another file for the output")
    try:
        with source.open("rb") as stream:
            packets = _replace(target, _with_secrets(stream, secrets))
    except OSError as error:
        raise JailError(f"{error.filename or target}: {error.strerror}") from error
    return Bundled(packets, *(len(lines) for lines in secrets.values()))


def _secrets(kind: int, path: Path | None) -> list[bytes]:
    """The whole lines of a key log."""
    if path is None:
        return []
    try:
        lines = [line for line in path.read_bytes().splitlines() if LINES[kind].fullmatch(line)]
    except OSError as error:
        raise JailError(f"the key log {path} cannot be read: {error.strerror}") from error
    if not lines:
        raise JailError(f"{path} holds no {NAMES[kind]} secrets")
    return list(dict.fromkeys(lines))


def _with_secrets(source: BinaryIO, secrets: dict[int, list[bytes]]) -> Iterator[Block]:
    """The blocks of the new file."""
    copy = _blocks(source)
    first = next(copy)
    yield first
    for kind, lines in secrets.items():
        for text in _pieces(lines):
            yield Block(first.order, pcapng.SECRETS, pcapng.secrets(kind, text, first.order))
    yield from copy


def _blocks(source: BinaryIO) -> Iterator[Block]:
    magic = source.read(4)
    source.seek(0)
    if magic == pcapng.MAGIC:
        return pcapng.blocks(source)
    if magic in CLASSIC:
        return blocks_of(source)
    fix = "unpack it with gunzip" if magic[:2] == GZIP_MAGIC else "it begins as neither pcap nor pcapng does"
    raise JailError("the input is no capture", fix)


def _pieces(lines: list[bytes]) -> Iterator[bytes]:
    """Text of bounded length, of whole lines."""
    text: list[bytes] = []
    size = 0
    for line in lines:
        if size + len(line) > PIECE:
            yield b"\n".join([*text, b""])
            text, size = [], 0
        text.append(line)
        size += len(line) + 1
    if text:
        yield b"\n".join([*text, b""])


def _replace(target: Path, blocks: Iterator[Block]) -> int:
    """Writes a file that takes its place once it is whole. Returns how many of the blocks were packets."""
    packets = 0
    try:
        beside = tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115
    except OSError as error:  # it has another name than the user's
        raise OSError(error.errno, error.strerror, str(target)) from error
    with beside as file:
        try:
            for each in blocks:
                file.write(each.whole)
                packets += each.kind in PACKETS
            file.flush()
            os.replace(file.name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)
            raise
    return packets
