"""Daemons that send everything to a provider of one format, and what passed through one of them in a turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Self

from tests.clients.programs import Program
from tests.support.code_assist import Login, logged_in, unwrapped
from tests.support.daemon import Daemon
from tests.support.request_types import faults
from tests.support.simulated import simulated
from tests.support.upstream import Recorded, Upstream

MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "openai": "gpt-5.1",
    "openai_responses": "gpt-5.1",
    "gemini": "gemini-2.5-pro",
    "code_assist": "gemini-2.5-pro",
}
"""What is asked for instead of the models that the clients name."""
PATHS = {
    "anthropic": b"/v1/messages",
    "openai": b"/v1/chat/completions",
    "openai_responses": b"/v1/responses",
    "gemini": b"/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "code_assist": b"/v1internal:streamGenerateContent?alt=sse",
}
FORMATS = {"code_assist": "gemini"}
"""The formats of those that are not called after theirs."""
FALLBACK = "gemini-2.5-flash"
"""What Code Assist is asked for where it has no room for the model that was asked for."""
LOST = {"unknown_block", "server_tool_blocks", "unmatched_result", "invalid_arguments", "media", "file_id"}
"""Rules of `drops` by which something would be missing from these conversations."""


@dataclass
class Turn:
    """One turn of a client before a provider of another format, which must have gone well."""

    printed: str
    flows: list[dict[str, Any]]
    """Records, with bodies."""
    sent: list[dict[str, Any]]
    """What the provider got to answer, in the order in which it came."""

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the client asked, the last of it last."""
        return [json.loads(flow["bodies"]["client_request"]["text"]) for flow in self.flows]


class Crossroads:
    """A daemon for each format of a provider, started when it is first wanted, all before one simulator."""

    def __init__(self) -> None:
        self.upstream = Upstream(simulated)
        self._stack = ExitStack()
        self._stack.callback(self.upstream.stop)
        self._daemons: dict[str, Daemon] = {}
        self._login: Login | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def daemon(self, provider: str) -> Daemon:
        """The daemon with this provider."""
        if provider not in self._daemons:
            rule = {"match_path": "^/v1", "action": "transform", "dest_provider": "sim", "dest_model": MODELS[provider]}
            config = {
                "providers": {"sim": self._provider(provider)},
                "lightllm": {"transforms": [rule]},
                "gemini_capacity": {"fallback_models": [FALLBACK]},
            }
            home = self._login.home if provider == "code_assist" and self._login else None
            self._daemons[provider] = self._stack.enter_context(Daemon(config, home=home, inspector=True))
        return self._daemons[provider]

    def _provider(self, name: str) -> dict[str, Any]:
        if name != "code_assist":
            return {"type": name, "base_url": self.upstream.url}
        self._login = self._stack.enter_context(logged_in())
        return self._login.provider(self.upstream.url)

    def run(self, program: Program, provider: str, prompt: str, folder: Path) -> CompletedProcess[str]:
        """Runs a client in a fresh home. Records of earlier runs are gone then."""
        daemon = self.daemon(provider)
        daemon.control("DELETE", "/flows")
        self.upstream.forget()
        home, work = folder / "home", folder / "work"
        home.mkdir()
        work.mkdir(exist_ok=True)
        return program.ask(prompt, daemon.url, home, work)

    def turn(self, program: Program, provider: str, prompt: str, folder: Path) -> Turn:
        """Runs a turn; asserts that client, daemon and provider have nothing to complain about."""
        action = "redirect" if program.format == FORMATS.get(provider, provider) else "transform"
        models = {MODELS[provider], FALLBACK} if provider == "code_assist" else {MODELS[provider]}
        done, daemon = self.run(program, provider, prompt, folder), self.daemon(provider)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{daemon.output[-3000:]}"
        flows = [daemon.control("GET", f"/flows/{flow['id']}") for flow in self.flows(program, provider)]
        for flow in flows:
            assert (flow["status"], flow["action"], flow["provider"]) == (200, action, "sim"), flow
            assert flow["format"] == program.format, flow
            assert flow["dest_model"] in models, flow
            assert (flow["done"], flow["error"]) == (True, None), flow
            assert flow["stream"], flow
            assert flow["usage"]["output_tokens"] > 0, flow
            assert not LOST & flow["dropped"].keys(), flow["dropped"]
        self.quiet(provider)
        requests = list(self.upstream.requests)
        assert len(requests) == sum(flow["attempts"] for flow in flows)
        return Turn(done.stdout, flows, [*self._bodies(provider, requests)])

    def flows(self, program: Program, provider: str) -> list[dict[str, Any]]:
        """The client's exchanges."""
        found = self.daemon(provider).flows(lambda flow: (flow["user_agent"] or "").startswith(program.agent))
        assert found, self.daemon(provider).flows()
        return found

    def quiet(self, provider: str) -> None:
        """Asserts that the daemon lives and has logged no error."""
        daemon = self.daemon(provider)
        daemon.healthy()
        assert not [line for line in daemon.output.splitlines() if " ERROR " in line], daemon.output

    def _bodies(self, provider: str, requests: list[Recorded]) -> Iterator[dict[str, Any]]:
        for request in requests:
            assert (request.method, request.target) == ("POST", PATHS[provider])
            assert (request.field("anthropic-version") is not None) == (provider == "anthropic")
            document = json.loads(request.body)
            if provider == "code_assist":
                assert self._login is not None
                assert request.field("authorization") == f"Bearer {self._login.token}".encode()
                document = unwrapped(document)
            assert faults(FORMATS.get(provider, provider), document) == []
            yield document


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)
