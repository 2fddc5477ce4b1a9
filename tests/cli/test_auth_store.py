"""`ccproxy auth store`: a credential that a person brings, kept where it is looked for, and shown to nobody."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Home
from tests.support.terminal import Terminal

NOWHERE = "http://127.0.0.1:9"
TOKEN = "eyJhbGciOiJkaXIi..made-up.of-nothing"
COOKIE = "__Secure-next-auth.session-token"


def configured(home: Home) -> Path:
    """A home with a provider of each kind; returns the file that one of them names."""
    file = home.root / "home" / "secrets" / "perplexity"
    home.write(
        {
            "providers": {
                "sim": {"type": "simulator"},
                "pplx": {"type": "perplexity_pro", "base_url": NOWHERE, "auth": {"type": "file", "file": str(file)}},
                "bare": {"type": "perplexity_pro", "base_url": NOWHERE},
                "openai": provider("openai", NOWHERE, {"file": str(file.with_name("openai"))}),
                "vault": provider("anthropic", NOWHERE, "cat vault"),
                "claude": provider("anthropic", NOWHERE, {"type": "anthropic_oauth"}),
                "cloud": provider("gemini", NOWHERE, {"type": "google_auth"}),
            }
        }
    )
    return file


@pytest.mark.parametrize("written", [TOKEN, f"{COOKIE}={TOKEN}", f"Cookie: a=b; {COOKIE}={TOKEN}; c=d\r"])
def test_it_is_kept_for_its_owner_alone(home: Home, written: str) -> None:
    """In a folder that is made for it; whatever was there is replaced, and its mode with it."""
    file = configured(home)
    for _ in range(2):
        done = home.run("auth", "store", "pplx", stdin=written + "\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"stored for pplx in {file}; the next request uses it\n"
        assert file.read_text() == f"{TOKEN}\n"
        assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
        assert [path.name for path in file.parent.iterdir()] == ["perplexity"]
        file.write_text("another")
        file.chmod(0o644)


def test_it_is_typed_without_being_shown(home: Home) -> None:
    """However long it is: a terminal that edits the line would keep 4,095 characters of it. A command that a browser
    copied has several lines."""
    file, line = configured(home), f"{'other=cookie; ' * 1000}{COOKIE}={TOKEN}"
    command = [sys.executable, "-m", "ccproxy", "auth", "store", "pplx"]
    with Terminal(command, home.environment(), home.root) as terminal:
        terminal.expect("credential for pplx (not shown): ")
        shown = terminal.line(f"wrong\x15x\x7fcurl 'https://a/?b' \\\n  -b '{line}'", "uses it")
        assert terminal.child.wait(10) == 0
    assert "cookie" not in shown
    assert TOKEN not in shown
    assert file.read_text() == f"{TOKEN}\n"


def test_a_daemon_that_runs_need_not_be_told(start_daemon: StartDaemon, tmp_path: Path) -> None:
    auth = {"type": "file", "file": str(tmp_path / "openai")}
    daemon = start_daemon({"providers": {"openai": provider("openai", NOWHERE, auth)}})
    assert daemon.home.run("auth", "check").returncode == 1
    assert daemon.home.run("auth", "store", "openai", stdin="sk-made-up").returncode == 0
    assert daemon.home.run("auth", "check").returncode == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sim", ["provider 'sim' needs no credential", "auth: {type: file, file: PATH}"]),
        ("bare", ["provider 'bare' has no `auth`", "auth: {type: file, file: PATH}"]),
        ("vault", ["has the credential that a command prints", "change what that prints; to keep one in a file"]),
        ("claude", ["has a login of its vendor's own program", "log in with `claude`"]),
        ("cloud", ["has a credential file of Google's libraries", "gcloud auth application-default login"]),
        ("pplxx", ["there is no provider 'pplxx'", "did you mean 'pplx'?"]),
    ],
)
def test_what_is_kept_in_no_file(home: Home, name: str, said: list[str]) -> None:
    """Nothing is asked for."""
    file = configured(home)
    done = home.run("auth", "store", name, stdin=TOKEN)
    assert (done.returncode, done.stdout) == (1, "")
    assert all(words in done.stderr for words in said), done.stderr
    assert TOKEN not in done.stderr
    assert not file.parent.exists()


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("pplx", "", "what was given holds nothing"),
        ("pplx", f"Cookie: session={TOKEN}", f"what was given holds no cookie {COOKIE}"),
        ("pplx", "pplx-made-up-made-up", "host api.perplexity.ai"),
        ("pplx", "made-up", "too short for the cookie"),
        ("openai", f"{TOKEN}\n{TOKEN}", "what was given holds more than one line"),
        ("openai", f"{TOKEN}\N{SNOWMAN}", "characters that cannot stand in a header"),
        ("openai", TOKEN * 2000, "more than 65536 bytes"),
    ],
    ids=["nothing", "no session", "API key", "short", "lines", "letters", "long"],
)
def test_what_is_no_credential_changes_nothing(home: Home, name: str, written: str, said: str) -> None:
    file = configured(home)
    file.parent.mkdir()
    for kept in (file, file.with_name("openai")):
        kept.write_text("old")
    done = home.run("auth", "store", name, stdin=written)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert TOKEN not in done.stderr
    assert {kept.read_text() for kept in file.parent.iterdir()} == {"old"}
