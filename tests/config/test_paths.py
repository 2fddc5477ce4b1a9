from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ccproxy.config import config_dir, control_socket, runtime_dir, state_dir


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CCPROXY_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_configuration_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_dir() == home / ".config/ccproxy"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x")
    assert config_dir() == Path("/x/ccproxy")
    monkeypatch.setenv("CCPROXY_CONFIG_DIR", "/c")
    assert config_dir() == Path("/c")
    assert config_dir(Path("/f")) == Path("/f")
    assert config_dir(Path("relative")) == Path.cwd() / "relative"
    assert config_dir(Path("~/own")) == home / "own"
    monkeypatch.setenv("CCPROXY_CONFIG_DIR", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_dir() == home / ".config/ccproxy", "the XDG specification wants relative paths to be ignored"


def test_the_state_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_dir() == home / ".local/state/ccproxy"
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    assert state_dir() == Path("/s/ccproxy")


def test_the_runtime_directory_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run/ccproxy").mkdir(parents=True, mode=0o755)
    assert runtime_dir() == tmp_path / "run/ccproxy"
    assert stat.S_IMODE(runtime_dir().stat().st_mode) == 0o700


def test_a_runtime_directory_that_is_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ccproxy").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(PermissionError, match="set XDG_RUNTIME_DIR"):
        runtime_dir()


def test_without_a_system_directory_it_is_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.access(f"/run/user/{os.getuid()}", os.W_OK):
        expected = Path(f"/run/user/{os.getuid()}/ccproxy")
    else:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        expected = tmp_path / f"ccproxy-{os.getuid()}"
    assert runtime_dir() == expected


def test_each_configuration_directory_has_a_socket_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    one, other = control_socket(tmp_path / "a"), control_socket(tmp_path / "b")
    assert one.parent == tmp_path / "ccproxy"
    assert one.name.startswith("control-")
    assert one.suffix == ".sock"
    assert len(one.stem) == len("control-") + 8
    assert one != other
    assert control_socket(tmp_path / "link") == one
