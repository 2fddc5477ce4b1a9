"""Shapes captured from the real CLIs as they are after a login: what they call then, and that the login stays."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ccproxy.config import load_config
from ccproxy.shaping.store import ShapeStore
from tests.clients.logins import Login
from tests.clients.three_logins import LOGINS
from tests.support.daemon import Home
from tests.support.internet.vendors import VENDORS

pytestmark = pytest.mark.clients

SECONDS = 100.0
SHAPED = {
    "claude": ("anthropic", "https://api.anthropic.com/v1/messages?beta=true"),
    "codex": ("openai_responses", "https://chatgpt.com/backend-api/codex/responses"),
    "gemini": ("gemini", "https://cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse"),
}
"""The profile of each, and what it calls."""


def capture(login: Login, home: Home, lifetime: float) -> tuple[subprocess.CompletedProcess[bytes], bool]:
    """A capture with a made-up login of an age, and whether the login is as it was."""
    folder = home.root / "home"
    (folder / "work").mkdir()
    document = json.loads(json.dumps(login.first))
    login.aged(document, VENDORS[login.vendor].issuer().issue(lifetime))
    login.file(folder).parent.mkdir()
    login.file(folder).write_text(json.dumps(document))
    login.settle(folder)
    own = login.environment(folder, folder / "none.pem")
    kept = {name: value for name, value in own.items() if not value.endswith("none.pem")}
    line = [sys.executable, "-m", "ccproxy", "shapes", "capture", SHAPED[login.name][0], "--", *login.command]
    done = subprocess.run(
        line,
        env=home.environment(kept),
        cwd=folder / "work",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done, login.file(folder).is_file() and json.loads(login.file(folder).read_text()) == document


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.name)
def test_the_call_of_who_is_logged_in(home: Home, login: Login) -> None:
    done, unchanged = capture(login, home, 3600)
    assert done.returncode == 0, done
    assert unchanged
    name, url = SHAPED[login.name]
    shapes = home.config_dir / "shapes"
    shape = ShapeStore(shapes, load_config({}, home.config_dir).shaping.providers).pick(name)
    assert shape.url == url
    secrets = [each for each in login.file(home.root / "home").read_text().split('"') if len(each) > 30]
    assert secrets
    assert not [each for each in secrets if each.encode() in (shapes / f"{name}.mflow").read_bytes()]


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.name)
def test_a_login_that_is_over_stays_as_it_is(home: Home, login: Login) -> None:
    done, unchanged = capture(login, home, -60)
    assert unchanged
    assert done.returncode == 0 or b"run " + login.name.encode() + b" once without ccproxy" in done.stderr, done
