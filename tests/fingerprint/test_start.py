"""A `fingerprint_profile` that there is not stops the start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.config import ConfigError, load_config
from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.record import describe
from ccproxy.fingerprint.store import FingerprintStore
from ccproxy.transport.profiles import known_profiles, require_profiles
from tests.fingerprint.hellos import CHROME, of_ja4_ro
from tests.support.daemon import Home
from tests.support.ports import free_port

RECORD = describe(parse_client_hello(of_ja4_ro(CHROME).records()), "test", 0.0)


def config(home: Home, profile: str) -> Path:
    provider = {"type": "anthropic", "host": "api.example.com", "fingerprint_profile": profile}
    return home.write({"port": free_port(), "providers": {"main": provider}})


@pytest.mark.parametrize(("profile", "guess"), [("chrme131", "chrome131"), ("my-cient", "my-client"), ("????", "")])
def test_an_unknown_profile_stops_the_start(home: Home, profile: str, guess: str) -> None:
    FingerprintStore(home.config_dir).save("my-client", RECORD)
    file = config(home, profile)
    done = home.run("start")
    assert done.returncode == 1
    assert f"{file}:7:7: " in done.stderr
    assert f"providers.main.fingerprint_profile: there is no fingerprint profile {profile!r}" in done.stderr
    assert (f"did you mean {guess!r}?" in done.stderr) == bool(guess)
    assert "ccproxy fingerprints list" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_record_that_is_broken_stops_the_start(home: Home) -> None:
    store = FingerprintStore(home.config_dir)
    store.save("my-client", RECORD).write_text('{"schema_version": 1}')
    config(home, "my-client")
    with pytest.raises(ConfigError, match="cipher_suites or ja4 is missing"):
        require_profiles(load_config(config_dir=home.config_dir, environ={}))


def test_known_names(home: Home) -> None:
    FingerprintStore(home.config_dir).save("my-client", RECORD)
    for profile in ("my-client", "chrome131", "firefox", "safari15_3"):
        config(home, profile)
        loaded = load_config(config_dir=home.config_dir, environ={})
        require_profiles(loaded)
        assert profile in known_profiles(loaded)


@pytest.mark.parametrize("profile", [None, "my-client"])
def test_curl_cffi_is_not_loaded_for_nothing(home: Home, profile: str | None) -> None:
    FingerprintStore(home.config_dir).save("my-client", RECORD)
    config(home, profile or "")
    if profile is None:
        home.write({"port": free_port()})
    code = (
        "import sys\n"
        "from ccproxy.config import load_config\n"
        "from ccproxy.transport.profiles import require_profiles\n"
        "require_profiles(load_config())\n"
        "print('curl_cffi' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environment(), capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout == "False\n"
