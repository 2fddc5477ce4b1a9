"""`ccproxy shapes audit`: what it says of files of others, of directories that it cannot read, and of nothing."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow, Request
from mitmproxy.test import tflow

from ccproxy.shaping.audit import files_in
from ccproxy.shaping.shape import ShapeError
from tests.shaping.made_up import write_flows
from tests.support.archived import archive_of, call, keep
from tests.support.daemon import Home
from tests.support.made_up_client import SECRET, SESSION, recorded

ORDINARY = 12345
"""A user who is nobody, where the tests run as root."""
NAMES = "in the names that come with ccproxy"


def of_another() -> HTTPFlow:
    made = tflow.tflow()
    made.server_conn.peername = made.server_conn.sockname = None
    made.request = Request.make("POST", "https://api.test/v1/messages", headers={"x-claude-code-session-id": SESSION})
    made.request.content = json.dumps({"messages": [{"role": "user", "content": SECRET}]}).encode()
    return made


def test_files_of_others_are_not_taken_for_an_envelope(home: Home, tmp_path: Path) -> None:
    given = tmp_path / "given"
    write_flows(given / "anthropic.mflow", [of_another()])
    done = call(home, "shapes", "audit", "--directory", str(given))
    assert done.exit_code == 1
    assert "body.messages: content" in done.stderr
    assert "headers.x-claude-code-session-id: a raw id of a session" in done.stderr
    assert "delete that file" in done.stderr
    assert "shapes remove" not in done.stderr
    assert "2 problems in 1 file\n" in done.stderr
    assert not [each for each in (SECRET, SESSION) if each in done.output]


def test_ones_own_directory_is_ones_own_by_its_name_too(home: Home) -> None:
    own = home.config_dir / "shapes"
    write_flows(own / "anthropic.mflow", [of_another()])
    for more in ([], ["--directory", str(own)]):
        assert "run: ccproxy shapes remove anthropic, then" in call(home, "shapes", "audit", *more).stderr


def test_what_was_looked_at_is_counted(home: Home, tmp_path: Path) -> None:
    done = call(home, "shapes", "audit", "--directory", str(tmp_path))
    assert (done.exit_code, done.stderr) == (0, f"no shapes in {tmp_path}\n")
    own = home.config_dir / "shapes"
    none = call(home, "shapes", "audit")
    assert (none.exit_code, none.stderr) == (0, f"nothing was found {NAMES}; there are no shapes of yours in {own}\n")
    keep(archive_of(home), [recorded("3f2a91-flow")])
    assert call(home, "shapes", "save", "anthropic", "3f2a", "--mflow").exit_code == 0
    done = call(home, "shapes", "audit")
    assert (done.exit_code, done.stderr) == (0, f"nothing was found in 1 file, and {NAMES}\n")


def test_what_may_not_be_read_is_an_error(home: Home) -> None:
    own = home.config_dir / "shapes"
    own.symlink_to(own)
    done = call(home, "shapes", "audit")
    assert done.exit_code == 1
    assert f"{own} cannot be read" in done.stderr


@pytest.mark.parametrize("closed", ["shapes", "shapes/anthropic"])
def test_a_directory_that_is_closed_is_not_passed_over(closed: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ccproxy-") as folder:
        shapes = Path(folder, "shapes")
        (shapes / "anthropic").mkdir(parents=True)
        Path(folder).chmod(0o755)
        Path(folder, closed).chmod(0)
        if os.getuid() == 0:
            os.seteuid(ORDINARY)
        try:
            with pytest.raises(ShapeError, match=f"{closed} cannot be read: Permission denied"):
                files_in(shapes)
        finally:
            os.seteuid(os.getuid())
            Path(folder, closed).chmod(0o755)
