"""Programs that are told nothing trust the CA where the system's own files are replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.jail.anchors import additions
from ccproxy.jail.trust import files
from tests.jail.trust.clients import bare, command, succeeds
from tests.support.tls import Authority

INSIDE = Path(__file__).with_name("inside.py")


def prepared(tmp_path: Path, shelf: Path, ca: bytes) -> list[str]:
    """The start of a command line that runs the rest with all files in place but the shelf's."""
    (tmp_path / "content").mkdir()
    stored = {}
    for path, content in files(ca, shelf, {}).items():
        if not Path(path).is_relative_to(shelf):
            stored[path] = str(tmp_path / "content" / path.replace("/", "_"))
            Path(stored[path]).write_bytes(content)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(stored))
    return ["unshare", "-rm", sys.executable, str(INSIDE), str(plan)]


@pytest.mark.parametrize("client", ["curl", "openssl", "git", "python-ssl", "httpx-by-default", "wget", "java"])
def test_trusted_with_an_empty_environment(
    client: str, site: str, authority: Authority, tmp_path: Path, shelf: Path, home: Path
) -> None:
    if client == "httpx-by-default":  # it knows certifi only: the reason for the variables
        arguments, client, expected = command("httpx", site), "httpx", False
    else:
        arguments, expected = command(client, site), True
    environment = bare(home) | {"PYTHONPATH": os.getcwd()}
    emptied = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={home}", *arguments]
    assert not succeeds(client, emptied, environment)
    start = prepared(tmp_path, shelf, authority.ca_file.read_bytes())
    assert succeeds(client, [*start, *emptied], environment) is expected


def test_a_directory_given_to_openssl_has_the_ca(
    site: str, authority: Authority, tmp_path: Path, shelf: Path, home: Path
) -> None:
    only_the_directory = [*command("openssl", site), "-no-CAfile", "-CApath", "/etc/ssl/certs"]
    environment = bare(home)
    assert not succeeds("openssl", only_the_directory, environment)
    start = prepared(tmp_path, shelf, authority.ca_file.read_bytes())
    assert succeeds("openssl", [*start, *only_the_directory], environment)


def test_nothing_that_was_in_the_directory_is_lost(
    authority: Authority, tmp_path: Path, shelf: Path, home: Path
) -> None:
    ca = authority.ca_file.read_bytes()
    (new,) = (path for path in additions(ca) if path.startswith("/etc/ssl/certs/"))
    names = sorted([*os.listdir("/etc/ssl/certs"), Path(new).name])
    listing = [*prepared(tmp_path, shelf, ca), "ls", "-A", "/etc/ssl/certs"]
    done = subprocess.run(listing, env=bare(home), capture_output=True, text=True, timeout=50, check=True)
    assert sorted(done.stdout.split()) == names
