from __future__ import annotations

import logging
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.net import tls

from ccproxy.exchange import Process
from ccproxy.fronts.interceptor.jail import Jail
from ccproxy.fronts.interceptor.tls_keylog import KeylogFile, TlsKeylog, install
from ccproxy.jail.ticket import Request


def jail(keylog: bool) -> Jail:
    return Jail("test", Process(("test",), 1), Request("test", ("test",), 1, keylog=keylog))


def connected(addon: Any, line: bytes) -> None:
    """What a connection of its own would do."""
    if hasattr(addon, "client_connected"):
        addon.client_connected(None)
    assert tls.log_master_secret is not None
    tls.log_master_secret(None, line)  # type: ignore[arg-type] - as for QUIC


@pytest.mark.parametrize(("everything", "asked"), [(False, True), (True, False), (True, True)])
def test_it_is_written_if_anybody_asked(tmp_path: Path, everything: bool, asked: bool) -> None:
    path = tmp_path / "keylog/tls.keylog"
    addon = TlsKeylog(path, everything=everything).of(jail(asked))
    copy_context().run(connected, addon, b"A 1 2")
    copy_context().run(connected, addon, b"B 1 2")
    assert path.read_bytes() == b"A 1 2\nB 1 2\n"


def test_it_is_off_by_default(tmp_path: Path) -> None:
    keylog = TlsKeylog(tmp_path / "keylog/tls.keylog")
    copy_context().run(connected, keylog.of(jail(False)), b"A 1 2")
    assert list(tmp_path.iterdir()) == []


def test_each_connection_has_its_own_file(tmp_path: Path) -> None:
    keylogs = [TlsKeylog(tmp_path / name) for name in ("a", "b")]
    contexts = [copy_context() for _ in keylogs]
    for context, keylog in zip(contexts, keylogs, strict=True):
        context.run(keylog.of(jail(True)).client_connected, None)  # type: ignore[attr-defined]
    for context, line in zip(contexts, (b"A", b"B"), strict=True):
        context.run(install(), None, line)  # type: ignore[arg-type]
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"A\n", b"B\n")


def test_a_full_disk_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    file = KeylogFile(Path("/dev/full"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            file.write(b"A 1 2")
    (record,) = caplog.records
    assert "No space left" in record.getMessage()


def test_it_goes_on_once_it_can(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keylog/tls.keylog"
    path.mkdir(parents=True)
    file = KeylogFile(path)
    file.write(b"lost")
    path.rmdir()
    file.write(b"A")
    path.unlink()  # a log that was taken away is begun again
    file.write(b"B")
    assert path.read_bytes() == b"B\n"
    assert len(caplog.records) == 1


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    KeylogFile(tmp_path / "link").write(b"A")
    assert not (tmp_path / "elsewhere").exists()
