"""The names that `fingerprint_profile` can have: captured clients, and the browsers of curl_cffi.

curl_cffi takes long to load, so it is only asked about names that nobody has captured.
"""

from __future__ import annotations

from collections.abc import Iterator

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, KeyPath, Problem, dotted, nearest
from ccproxy.fingerprint.store import FingerprintStore


def known_profiles(config: Config) -> list[str]:
    """Every name that a provider can give."""
    from ccproxy.transport.curl.browsers import browser_names

    return [*FingerprintStore(config.base_dir).names(), *browser_names()]


def require_profiles(config: Config) -> None:
    """Raises ConfigError if a provider names a profile that there is not, or a record that cannot be used."""
    problems = list(_problems(config))
    if problems:
        raise ConfigError(problems)


def imperfect_profiles(config: Config) -> Iterator[str]:
    """A line for each provider whose captured client cannot be looked like exactly. Blocks; tries each one."""
    store = FingerprintStore(config.base_dir)
    for name, profile in _named(config):
        fingerprint = store.find(profile)
        if fingerprint is not None:
            from ccproxy.transport.rehearsal import rehearse

            verdict = rehearse(fingerprint)
            if not verdict.exact:
                yield f"provider {name} does not look like {profile} exactly: {verdict}"


def _problems(config: Config) -> Iterator[Problem]:
    store = FingerprintStore(config.base_dir)
    captured = store.names()
    for name, profile in _named(config):
        if profile in captured:
            try:
                store.fingerprint(profile)
            except (ValueError, OSError) as error:
                yield _problem(config, name, str(error), "save it again with `ccproxy fingerprints save`")
        elif profile not in (known := known_profiles(config)):
            guess = nearest(profile, known)
            hint = f"did you mean {guess!r}? " if guess else ""
            what = f"there is no fingerprint profile {profile!r}"
            yield _problem(config, name, what, f"{hint}`ccproxy fingerprints list` shows all")


def _named(config: Config) -> list[tuple[str, str]]:
    """Providers with the profiles that they name."""
    providers = config.providers.items()
    return [(name, each.fingerprint_profile) for name, each in providers if each.fingerprint_profile is not None]


def _problem(config: Config, provider: str, message: str, hint: str) -> Problem:
    path: KeyPath = ("providers", provider, "fingerprint_profile")
    return Problem(*config.place(path), dotted(path), message, hint)
