"""A tunnel with a TUN device and mitmproxy's listener, in a namespace without a route."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def play(scene: str, directory: Path) -> dict[str, Any]:
    line = ["unshare", "-rnm", sys.executable, "-m", "tests.jail.wireguard.stage", scene, str(directory)]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("scene", ["traffic", "plain"])
def test_bytes_arrive_as_they_were_sent(scene: str, tmp_path: Path) -> None:
    """With joined segments, and with a device that takes none."""
    saw = play(scene, tmp_path)
    assert (saw["down"], saw["up"], saw["small"], saw["status"]) == (True, True, True, 0)
    assert saw["udp"] == [1, 1372, 5000, 60000]
    assert (saw["ups"], saw["handshakes"], saw["lost"], saw["lines"]) == (1, 1, "", [])
    assert saw["received"] > 5_000_003
    assert saw["sent"] > 3_000_000


def test_a_listener_that_is_killed_in_mid_upload_and_comes_back(tmp_path: Path) -> None:
    saw = play("restarted", tmp_path)
    assert (saw["before"], saw["broken"], saw["after"], saw["status"]) == (True, True, True, 0)
    assert saw["ups"] == saw["handshakes"] == 2


def test_another_listener_with_other_keys(tmp_path: Path) -> None:
    saw = play("moved", tmp_path)
    assert (saw["before"], saw["broken"], saw["after"], saw["status"]) == (True, True, True, 0)
    assert saw["ups"] == saw["handshakes"] == 2
    keys = (tmp_path / "keys" / "wg.keylog").read_text().splitlines()
    assert len(keys) == 6
    assert len(set(keys)) == 6


def test_a_device_that_goes_with_its_namespace(tmp_path: Path) -> None:
    saw = play("gone", tmp_path)
    assert saw["lost"].startswith("its TUN device is gone")


def test_a_full_disk_ends_the_capture_and_nothing_else(tmp_path: Path) -> None:
    saw = play("full", tmp_path)
    assert (saw["down"], saw["status"]) == (True, 0)
    assert len(saw["lines"]) == 1
    assert "No space left on device" in saw["lines"][0]


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    play("brief", tmp_path)
    for name, mode in (("jail.pcap", 0o600), ("keys", 0o700), ("keys/wg.keylog", 0o600)):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    names = [line.partition(" = ")[0] for line in (tmp_path / "keys" / "wg.keylog").read_text().splitlines()]
    assert names == ["LOCAL_STATIC_PRIVATE_KEY", "REMOTE_STATIC_PUBLIC_KEY", "LOCAL_EPHEMERAL_PRIVATE_KEY"]
