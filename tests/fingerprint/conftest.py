from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccproxy.fingerprint.ja4 import ja4
from tests.fingerprint.listener import Observer, observer
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, SENTINEL
from tests.support.replies import reply
from tests.support.tls import Authority
from tests.support.upstream import Upstream


class Provider:
    """A provider that sees how it is spoken to."""

    def __init__(self, authority: Authority) -> None:
        self.observer: Observer = observer(authority.server_context())
        self.upstream = Upstream(reply(), self.observer)  # type: ignore[arg-type] # as much of a context as it uses
        self.ca_file = str(authority.ca_file)

    def config(self, *profiles: str) -> dict[str, object]:
        """A configuration with a provider for each profile, called after it."""
        return {"providers": {profile: self._provider(profile) for profile in profiles}}

    def ja4_of(self, daemon: Daemon, profile: str) -> str:
        """What a request through the daemon looks like to the provider of a profile, on a connection of its own."""
        self.upstream.drop()
        key = (b"x-api-key", f"{SENTINEL}{profile}".encode())
        answer = daemon.ask("POST", "/v1/messages", [key], ANTHROPIC.body())
        assert answer.status == 200, (answer, daemon.output)
        return ja4(self.observer.hellos[-1])

    def _provider(self, profile: str) -> dict[str, object]:
        return {
            "type": "anthropic",
            "base_url": f"https://localhost:{self.upstream.port}",
            "ca_file": self.ca_file,
            "auth": "echo made-up",
            "fingerprint_profile": profile,
        }


@pytest.fixture(scope="module")
def provider(authority: Authority) -> Iterator[Provider]:
    made = Provider(authority)
    yield made
    made.upstream.stop()
