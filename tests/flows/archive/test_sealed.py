from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.sealed import KEY_NAME, Seal
from ccproxy.flows.archive.store import Archive, Entry
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.record.record import to_record
from ccproxy.flows.secrets.secrets import take_out
from ccproxy.flows.summary import summarize

from .flows import exchange


def test_what_was_sealed_is_unsealed(path: Path) -> None:
    sealed = Seal.of(path, make=True).seal("a", b"secret")
    assert b"secret" not in sealed
    assert Seal.of(path).unseal("a", sealed) == b"secret"
    assert Seal.of(path, make=True).unseal("a", sealed) == b"secret"
    assert stat.S_IMODE((path.parent / KEY_NAME).stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_NAME]


@pytest.mark.parametrize("wrong", [b"", b"short", b"x" * 80])
def test_what_was_not_sealed_so_is_refused(path: Path, wrong: bytes) -> None:
    seal = Seal.of(path, make=True)
    sealed = seal.seal("a", b"secret")
    for id, data in (("b", sealed), ("a", sealed[:-1]), ("a", b"\0" + sealed[1:]), ("a", wrong)):
        with pytest.raises(ArchiveError, match="cannot be opened"):
            seal.unseal(id, data)


def test_a_key_that_is_none_is_told(path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not there") as told:
        Seal.of(path)
    assert "--secrets" in told.value.fix
    path.parent.mkdir()
    (path.parent / KEY_NAME).write_bytes(b"12345")
    with pytest.raises(ArchiveError, match="5 bytes instead of 32"):
        Seal.of(path, make=True)


def test_a_flow_comes_back_with_its_credentials_if_they_are_asked_for(archive: Archive, path: Path) -> None:
    ex = exchange(1)
    ex.request.headers.append((b"x-api-key", b"sk-ant-api03-abcdefgh"))
    record, secrets = take_out(to_record(ex))
    sealed = Seal.of(path, make=True).seal(ex.id, secrets.to_bytes())
    archive.add([Entry(record, summarize(ex), secrets=sealed)])
    with ArchiveReader(path) as reader:
        assert reader.exchange(ex.id).request.headers[-1] != ex.request.headers[-1]
        assert reader.exchange(ex.id, secrets=True) == ex
        (path.parent / KEY_NAME).unlink()
        with pytest.raises(ArchiveError, match="key"):
            reader.exchange(ex.id, secrets=True)
    assert b"abcdefgh" not in b"".join(each.read_bytes() for each in path.parent.iterdir())
