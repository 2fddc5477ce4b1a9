"""A client of each format before a provider of each format: the pairs, and the record of what passed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.sdk.speakers.question import CODE_ASSIST, KEYS, NAMES, PROVIDERS, WIRED, Question, Said, Speaker
from tests.sdk.speakers.received import Received, received
from tests.support.code_assist import unwrapped
from tests.support.daemon import Daemon

PAIRS = [(client, provider) for client in NAMES for provider in PROVIDERS]
CROSSED = [(client, provider) for client, provider in PAIRS if client != provider and provider in NAMES]
WAYS = ("buffered", "streamed")
ASKED = {"anthropic": "claude-sonnet-4-6", "openai": "gpt-4.1", "openai_responses": "gpt-4.1", "gemini": "gemini-2.0"}
"""Models that take most of what can be asked."""
THINKERS = {
    "anthropic": "claude-sonnet-4-6",
    "openai": "deepseek-reasoner",
    "openai_responses": "gpt-5.1",
    "gemini": "gemini-2.5-pro",
}


@dataclass
class Crossing:
    """One pair, asked in one way. `provider` is its format, `name` what it is called, where that is another word."""

    daemon: Daemon
    speaker: Speaker
    client: str
    provider: str
    way: str
    name: str
    wired: bool = False

    @property
    def key(self) -> str:
        """The provider in the configuration."""
        return self.name + WIRED if self.wired else self.name

    @property
    def translated(self) -> bool:
        """False for the pairs of one format."""
        return self.client != self.provider

    def question(self, text: str, **more: Any) -> dict[str, Any]:
        """The SDK's arguments for a question."""
        models = THINKERS if more.get("think") else ASKED
        return self.speaker.request(Question(text, **{"model": models[self.provider], **more}))

    def say(self, request: dict[str, Any], heard: list[str] | None = None) -> Said:
        """Asks in this crossing's way."""
        if self.way == "buffered":
            return self.speaker.ask(self.key, request)
        return self.speaker.stream(self.key, request, [] if heard is None else heard)

    def record(self) -> dict[str, Any]:
        """The record of the newest exchange, once it is done."""
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            (newest,) = self.daemon.control("GET", "/flows?limit=1")
            if newest["done"]:
                found: dict[str, Any] = self.daemon.control("GET", f"/flows/{newest['id']}")
                return found
            time.sleep(0.01)
        raise AssertionError(f"not done: {newest}")

    def seen(self, **dropped: int) -> Received:
        """What the provider got in the newest exchange; asserts that all else was as it should be.

        `dropped` is what translation may have left out.
        """
        record = self.record()
        assert record["error"] is None
        assert (record["status"], record["provider"]) == (200, self.key)
        assert record["action"] == ("transform" if self.translated else "redirect")
        assert "Traceback" not in self.daemon.output
        assert record["dropped"] == (dropped if self.translated else {})
        sent = record["bodies"]["forwarded_request"]["text"]
        assert not any(key in sent for key in KEYS.values())
        document = json.loads(sent)
        return received(self.provider, unwrapped(document) if self.name == CODE_ASSIST else document)
