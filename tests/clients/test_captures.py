"""Shapes captured from the real CLIs, and what becomes of the official SDKs' requests in them."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI

from ccproxy.config import load_config
from ccproxy.config.shaping import ShapeProfile
from ccproxy.shaping.shape import PLACEHOLDERS, Shape
from ccproxy.shaping.store import ShapeStore
from tests.clients.jailed_programs import TOOL_USERS, VARIABLES
from tests.clients.programs import MODULES
from tests.support.configs import provider, token
from tests.support.daemon import Daemon, Home
from tests.support.simulated import simulated
from tests.support.upstream import Recorded, Upstream

SECONDS = 100.0
PIXEL = base64.b64encode(b"\x89PNG made-up picture").decode()
QUESTION = "what is on this picture?"
LIMIT, BUDGET = 4096, 2048
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
CLIENTS = {"anthropic": "claude", "gemini": "gemini", "openai_responses": "codex"}
"""The profile -> who is captured for it."""
KEYS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key", "openai_responses": "authorization"}
"""The field in which each sends its key."""
FREE = {b"accept-encoding", b"anthropic-beta"}
"""Fields of which the caller has a say too."""
pytestmark = pytest.mark.clients

type Call = Callable[[str, str], None]


def by_anthropic(url: str, key: str) -> None:
    """A turn with everything that the SDK has words for; raises if it does not end well."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    client = Anthropic(base_url=url, api_key=key, max_retries=0)
    with client.messages.stream(
        model="made-up-model",
        max_tokens=LIMIT,
        system="Be brief, says the caller.",
        thinking={"type": "enabled", "budget_tokens": BUDGET},
        tools=[{"name": "look_up", "description": "Looks a word up.", "input_schema": SCHEMA}],
        tool_choice={"type": "auto"},
        messages=[{"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]}],
    ) as stream:
        assert stream.get_final_message().content


def by_openai(url: str, key: str) -> None:
    """The same with the other SDK."""
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    function = {"name": "look_up", "description": "Looks a word up.", "parameters": SCHEMA}
    stream = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0).chat.completions.create(
        model="made-up-model",
        max_completion_tokens=LIMIT,
        reasoning_effort="medium",
        tools=[{"type": "function", "function": function}],
        tool_choice="auto",
        messages=[
            {"role": "system", "content": "Be brief, says the caller."},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]},
        ],
        stream=True,
    )
    assert [chunk for chunk in stream if chunk.choices]


def providers(url: str) -> dict[str, Any]:
    """For each profile one that is shaped by it, and one that is not."""
    made = {}
    for name, field in KEYS.items():
        auth = {"type": "command", "command": f"echo {token(name)}", "header": field}
        made[f"{name}-shaped"] = provider(name, url, auth, shape=name)
        made[f"{name}-plain"] = provider(name, url, auth)
    return made


@dataclass(frozen=True)
class Capture:
    """What came of one."""

    printed: str
    shape: Shape
    profile: ShapeProfile


class House:
    """A home with the shapes of all three, and a daemon that shapes by them."""

    def __init__(self, home: Home, upstream: Upstream) -> None:
        self.home, self.upstream = home, upstream
        self.daemon = Daemon({"providers": providers(upstream.url)}, home=home)
        self.captures: dict[str, Capture] = {}

    def capture_all(self) -> None:
        """While the daemon runs, which is told of each."""
        self.captures |= {name: self._capture(name) for name in CLIENTS}

    def _capture(self, name: str) -> Capture:
        client = next(each for each in TOOL_USERS if each.name == CLIENTS[name])
        work = self.home.root / "home" / client.name / "work"
        work.mkdir(parents=True)
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        environment = self.home.environment(client.environment(work.parent) | quiet)
        line = [sys.executable, "-m", "ccproxy", "shapes", "capture", name, "--", *client.command, "hi"]
        done = subprocess.run(
            line, env=environment, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done
        config = load_config({}, self.home.config_dir)
        store = ShapeStore(self.home.config_dir / "shapes", config.shaping.providers)
        return Capture(done.stdout.decode() + done.stderr.decode(), store.pick(name), config.shaping.providers[name])

    def arrived(self, call: Call, called: str) -> Recorded:
        """What reaches a provider of a caller's request."""
        self.upstream.forget()
        call(self.daemon.url, f"sk-ant-oat-ccproxy-{called}")
        (request,) = self.upstream.requests
        return request


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    upstream, home = Upstream(simulated), Home()
    try:
        made = House(home, upstream)
        with made.daemon:
            made.capture_all()
            yield made
    finally:
        upstream.stop()
        home.remove()


@pytest.fixture(params=list(CLIENTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_clients_envelope_is_kept_without_credentials(house: House, name: str) -> None:
    capture = house.captures[name]
    known = capture.shape.provenance
    assert f"kept: {name}, as {known.client} {known.version} calls {capture.shape.path}" in capture.printed
    assert f"requests to {name}-shaped are shaped by it now" in capture.printed
    assert known.source == "capture"
    assert known.ja4
    assert Path(known.program or "").is_relative_to(MODULES.resolve())
    assert known.program_version == known.version
    file = (house.home.config_dir / "shapes" / f"{name}.mflow").read_bytes()
    assert not [key for key in VARIABLES.values() if key.encode() in file]
    audited = house.home.run("shapes", "audit")
    assert audited.returncode == 0, audited


@pytest.mark.parametrize("call", [by_anthropic, by_openai])
def test_a_request_leaves_with_the_captured_header_fields(house: House, name: str, call: Call) -> None:
    shape, got = house.captures[name].shape, house.arrived(call, f"{name}-shaped").headers
    names = [field for field, _ in shape.headers]
    assert [field for field, _ in got] == names
    placed = re.compile("|".join(PLACEHOLDERS))
    for (field, value), (_, sent) in zip(shape.headers, got, strict=True):
        assert not placed.search(sent.decode()), field
        if field.lower() not in FREE and not placed.search(value.decode()):
            assert sent == value, field
    assert [value for _, value in got if token(name).encode() in value]


@pytest.mark.parametrize("call", [by_anthropic, by_openai])
def test_its_content_is_the_callers_to_the_last_member(house: House, name: str, call: Call) -> None:
    capture = house.captures[name]
    shaped, plain = (json.loads(house.arrived(call, f"{name}-{how}").body) for how in ("shaped", "plain"))
    text = json.dumps(shaped)
    assert all(each in text for each in (QUESTION, PIXEL, "look_up", str(LIMIT), "Be brief, says the caller."))
    assert re.search(r'"(budget_tokens|thinkingBudget|effort)": ("low"|"medium"|\d+)', text), text[-2000:]
    for member, value in plain.items():
        if capture.profile.merge_strategies.get(member, "replace").startswith("prepend"):
            own = blocks(value)
            assert blocks(shaped[member])[-len(own) :] == own, member
        else:
            assert shaped[member] == value, member


def blocks(prompt: Any) -> list[Any]:
    """A system prompt, which may be a text, as a list."""
    return [{"type": "text", "text": prompt}] if isinstance(prompt, str) else list(prompt)
