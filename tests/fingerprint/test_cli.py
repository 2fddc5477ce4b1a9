"""`ccproxy fingerprints`, as a user runs it. Saving from a flow is in tests/jail."""

from __future__ import annotations

import json

import pytest

from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.record import describe
from ccproxy.fingerprint.store import FingerprintStore
from tests.fingerprint import hellos
from tests.fingerprint.hellos import Hello, of_ja4_ro
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC
from tests.support.upstream import Upstream

OFFERED = (b"h2", b"http/1.1")
CHROME = describe(parse_client_hello(of_ja4_ro(hellos.CHROME, alpn=OFFERED).records()), "test", 0.0)
CHROME["user_agent"] = "a\x1b[31m/1"
ODD = Hello([0x1301, 0xC02B, 0x1304], [0, 10, 13, 43, 51], [0x0403])
STRANGE = describe(parse_client_hello(ODD.records()), "test", 0.0)


@pytest.fixture
def kept(home: Home) -> FingerprintStore:
    store = FingerprintStore(home.config_dir)
    store.save("mine", CHROME)
    store.save("strange", STRANGE)
    return store


def test_the_list(home: Home, kept: FingerprintStore) -> None:
    kept.path("broken").write_text("{")
    done = home.run("fingerprints", "list")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["broken", "mine", "strange"]
    assert "it is not JSON" in lines[1]
    assert hellos.CHROME_JA4 in lines[2]
    assert "chrome131" in done.stdout
    assert "\x1b" not in done.stdout
    told = json.loads(home.run("fingerprints", "list", "--json").stdout)
    assert [each["name"] for each in told["captured"]] == ["broken", "mine", "strange"]
    assert told["captured"][1]["ja4"] == hellos.CHROME_JA4
    assert {"chrome131", "firefox", "safari184"} <= set(told["browsers"])


def test_an_empty_list(home: Home) -> None:
    done = home.run("fingerprints", "list")
    assert "ccproxy fingerprints save NAME --flow ID" in done.stdout
    assert not (home.config_dir / "fingerprints").exists()


def test_one_that_is_sent_exactly_so(home: Home, kept: FingerprintStore) -> None:
    done = home.run("fingerprints", "show", "mine")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  JA4               {hellos.CHROME_JA4}\n" in done.stdout
    assert "  replay            exact (libcurl)\n" in done.stdout
    assert "\x1b" not in done.stdout
    told = json.loads(home.run("fingerprints", "show", "mine", "--json").stdout)
    assert told.pop("replay") == {
        "exact": True,
        "way": "libcurl",
        "ja4": hellos.CHROME_JA4,
        "differences": [],
        "text": "exact (libcurl)",
    }
    assert told == CHROME


def test_one_that_cannot_be_sent_exactly_so(home: Home, kept: FingerprintStore) -> None:
    done = home.run("fingerprints", "show", "strange")
    assert done.returncode == 0
    assert "  replay            differs (libcurl): JA4 is " in done.stdout
    assert f" instead of {STRANGE['ja4']}; without suite 1304" in done.stdout


def test_removing(home: Home, kept: FingerprintStore) -> None:
    assert home.run("fingerprints", "remove", "mine").returncode == 0
    assert kept.names() == ["strange"]
    again = home.run("fingerprints", "remove", "strangr")
    assert again.returncode == 1
    assert "did you mean 'strange'?" in again.stderr


def test_a_browser_is_to_be_named_only(home: Home, kept: FingerprintStore) -> None:
    done = home.run("fingerprints", "show", "chrome131")
    assert (done.returncode, done.stdout) == (1, "")
    assert "'chrome131' is a browser of curl_cffi, and not kept here" in done.stderr
    assert "name it as fingerprint_profile" in done.stderr


@pytest.mark.parametrize("words", [("show", "../x"), ("remove", "../x"), ("show", "none"), ("show", "a/b", "--json")])
def test_names_that_there_are_not(home: Home, kept: FingerprintStore, words: tuple[str, ...]) -> None:
    done = home.run("fingerprints", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no name of a fingerprint" in done.stderr or "there is no fingerprint" in done.stderr


@pytest.mark.parametrize("words", [("show",), ("show", "x", "--flow", "1"), ("save", "x")])
def test_wrong_usage(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("fingerprints", *words).returncode == 2


def test_a_client_without_tls_cannot_be_kept(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    key = ANTHROPIC.key()
    daemon.ask("POST", "/v1/messages", [key, (b"user-agent", agent.encode())], ANTHROPIC.body())
    flow = daemon.flow(agent)
    assert flow["client_tls"] is None
    done = daemon.home.run("fingerprints", "save", "mine", "--flow", flow["id"])
    assert done.returncode == 1
    assert "nothing is known of the TLS of the client" in done.stderr
    assert "ccproxy run --inspect" in done.stderr
    browser = daemon.home.run("fingerprints", "save", "chrome131", "--flow", flow["id"])
    assert "is the name of a browser" in browser.stderr
