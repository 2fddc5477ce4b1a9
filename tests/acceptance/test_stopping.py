"""What clients are told whose answers are not complete when a daemon that stops has no more time for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.selection import Selection
from tests.support.code_assist import PROVIDER
from tests.support.crossing import CLIENTS, PAIRS, document
from tests.support.daemon import Daemon, Home
from tests.support.hooks import put_hooks
from tests.support.http import Client, Closed, Header, Response, request_bytes
from tests.support.provider_answers import stream_of
from tests.support.replies import JSON, always, head, json_reply, stream
from tests.support.upstream import Hang, Recorded, Send, Upstream

BUSY = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "no capacity, retry in 50s"}}
BUSY["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "50s"}]
SHUTDOWN = {"kind": "shutdown", "message": "ccproxy is stopping"}
HOOKS = """
    from ccproxy import hook


    @hook(stage="response", reads=["text"], guard=lambda ctx: False)
    def looks(ctx, params):
        pass


    @hook(stage="response", reads=["text"], writes=["text"], guard=lambda ctx: False)
    def writes(ctx, params):
        pass
"""
HOOKED = ("looks", "writes")


@dataclass
class Asked:
    """A request that has no answer yet, or not all of it."""

    name: str
    dialect: str
    connection: Client
    answer: Response | None = None
    rest: Iterator[bytes] = field(default_factory=lambda: iter(()))


def begun(name: str) -> Callable[[Recorded], Any]:
    """A stream of a provider that goes no further than its first words."""
    pieces = stream_of(name, ["Hello", " there"], "done")
    return stream(pieces[: max(1, len(pieces) - 3)], end=[Hang()])


class Crowd:
    """Clients that wait, before a daemon that is to stop."""

    def __init__(self, daemon: Daemon, stack: ExitStack) -> None:
        self.daemon, self._stack = daemon, stack
        self.asked: dict[str, Asked] = {}

    def ask(self, name: str, dialect: str, provider: str, *headers: Header, stream: bool = False) -> Asked:
        """Sends a request; `name` is what the client calls itself."""
        spoken = CLIENTS[dialect]
        fields = [spoken.key(provider), (b"user-agent", name.encode()), JSON, *headers]
        connection = self._stack.enter_context(self.daemon.client())
        connection.send(request_bytes("POST", spoken.target(stream=stream), fields, document(spoken, stream=stream)))
        self.asked[name] = asked = Asked(name, dialect, connection)
        return asked

    def listen(self, name: str, dialect: str, provider: str, *headers: Header) -> None:
        """Asks for a stream, and hears its beginning."""
        asked = self.ask(name, dialect, provider, *headers, stream=True)
        asked.answer = asked.connection.head()
        asked.rest = asked.connection.pieces(asked.answer)
        next(asked.rest)

    def flows(self) -> list[dict[str, Any]]:
        """The summaries of the exchanges of all that call themselves something."""
        return [flow for flow in self.daemon.control("GET", "/flows?limit=200") if flow["user_agent"]]

    def finish(self, asked: Asked) -> Response:
        """What a client has got in the end."""
        if asked.answer is None:
            return asked.connection.response()
        try:
            list(asked.rest)
        except Closed:
            asked.answer.complete = False
        return asked.answer


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Response], dict[str, Any]]]:
    """What all these clients got in the end, and the summaries of their exchanges, by their names."""
    home = Home()
    with ExitStack() as stack:
        stack.callback(home.remove)
        put_hooks(home, watching=HOOKS)
        providers: dict[str, Any] = {}

        def serve(name: str, script: Any, **provider: Any) -> None:
            upstream = Upstream(script)
            stack.callback(upstream.stop)
            providers[name] = {"base_url": upstream.url, "auth": "echo made-up", **provider}

        serve("busy", json_reply(BUSY, 429), **PROVIDER)
        serve("half", always(Send(head(200, [JSON, (b"Content-Length", b"99")]) + b'{"a":'), Hang()), type="openai")
        text = (b"Content-Type", b"text/plain")
        serve("text", always(Send(head(200, [text, (b"Content-Length", b"9")]) + b"a\r\n"), Hang()), type="openai")
        serve("wrapped", wrapped, **PROVIDER)
        for name in CLIENTS:
            serve(f"mute-{name}", always(Hang()), type=name)
            serve(f"begun-{name}", begun(name), type=name)
        config = {"providers": providers, "shutdown_grace_seconds": 0.3, "hooks": {"response": ["watching"]}}
        daemon = stack.enter_context(Daemon(config, home=home, archive=True))
        crowd = Crowd(daemon, stack)
        gather(crowd)
        begin = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - begin < 10
        assert "Traceback" not in daemon.output, daemon.output
        answers = {name: crowd.finish(asked) for name, asked in crowd.asked.items()}
        yield answers, archived(home, len(answers) + 1)


def wrapped(request: Recorded) -> Any:
    """A stream of Code Assist's that goes no further than its first words."""
    piece = stream_of("gemini", ["Hello"], "done")[0].removeprefix(b"data: ").strip()
    return stream([b'data: {"response":' + piece + b"}\n\n"], end=[Hang()])(request)


def gather(crowd: Crowd) -> None:
    """All the ways in which an answer is under way."""
    for name in CLIENTS:
        crowd.ask(f"pause-{name}", name, "busy")
        crowd.ask(f"pause-streamed-{name}", name, "busy", stream=True)
        crowd.ask(f"mute-{name}", name, f"mute-{name}")
        crowd.listen(f"stream-{name}", name, f"begun-{name}")
        for hook in HOOKED:
            crowd.listen(f"{hook}-{name}", name, f"begun-{name}", (b"x-ccproxy-hooks", f"+{hook}".encode()))
    for client, provider in PAIRS:
        crowd.ask(f"mute-{client}-{provider}", client, f"mute-{provider}", stream=True)
        crowd.listen(f"stream-{client}-{provider}", client, f"begun-{provider}")
    crowd.listen("looks-anthropic-gemini", "anthropic", "begun-gemini", (b"x-ccproxy-hooks", b"+looks"))
    crowd.ask("half-openai", "openai", "half")
    crowd.listen("text", "openai", "text")
    crowd.listen("wrapped-gemini", "gemini", "wrapped")
    gone = crowd.ask("gone", "openai", "mute-openai")
    wait_for(crowd.flows, lambda flows: {flow["user_agent"] for flow in flows} >= set(crowd.asked))
    del crowd.asked["gone"]
    gone.connection.close()
    crowd.daemon.flow("gone")
    pausing = [flow["id"] for flow in crowd.flows() if flow["user_agent"].startswith("pause-")]
    for id in pausing:
        wait_for(lambda id=id: crowd.daemon.control("GET", f"/flows/{id}"), is_pausing)  # type: ignore[misc]


def is_pausing(flow: dict[str, Any]) -> bool:
    """True for an exchange that waits until it is asked again."""
    return "to be asked again in 50" in flow["tries"][-1]["note"] if flow["tries"] else False


def wait_for[T](look: Callable[[], T], until: Callable[[T], bool]) -> T:
    """What there is once it is as it should be."""
    end = time.monotonic() + 20
    while not until(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def archived(home: Home, count: int) -> dict[str, Any]:
    """The summaries in the archive, once they are all there."""

    def look() -> list[dict[str, Any]]:
        with suppress(ArchiveError), ArchiveReader(home.root / "state" / "ccproxy" / "flows.db") as archive:
            return archive.summaries(Selection())
        return []

    return {flow["user_agent"]: flow for flow in wait_for(look, lambda flows: len(flows) >= count)}


type Ends = tuple[dict[str, Response], dict[str, Any]]


def names(*beginnings: str) -> list[str]:
    """Clients whose names begin so and end in their formats."""
    return [f"{beginning}-{name}" for beginning in beginnings for name in CLIENTS]


UNANSWERED = [*names("pause", "pause-streamed", "mute"), "half-openai"]
ACROSS = [f"-{client}-{provider}" for client, provider in PAIRS]
STREAMS = [*names("stream", *HOOKED), "looks-anthropic-gemini", "wrapped-gemini"]


def dialect_of(name: str) -> str:
    """The format of a client."""
    _, *parts = name.replace("pause-streamed", "pause").split("-")
    return parts[0]


@pytest.mark.parametrize("name", [*UNANSWERED, *(f"mute{pair}" for pair in ACROSS)])
def test_who_has_no_answer_yet_is_told_in_its_own_words(stopped: Ends, name: str) -> None:
    answers, flows = stopped
    answer = answers[name]
    assert CLIENTS[dialect_of(name)].error(answer, 503) == SHUTDOWN["message"]
    assert answer.complete
    assert (answer.field("connection") or b"").lower() == b"close"
    assert (flows[name]["status"], flows[name]["error"]) == (503, SHUTDOWN)


@pytest.mark.parametrize("name", [*STREAMS, *(f"stream{pair}" for pair in ACROSS)])
def test_a_stream_ends_in_an_error_of_its_format(stopped: Ends, name: str) -> None:
    answers, flows = stopped
    answer = answers[name]
    assert answer.complete, answer.body
    assert "stopping" in CLIENTS[dialect_of(name)].stream_error(answer.body)
    assert (flows[name]["status"], flows[name]["error"]) == (200, SHUTDOWN)


def test_what_cannot_end_in_words_breaks_off(stopped: Ends) -> None:
    answers, flows = stopped
    assert (answers["text"].body, answers["text"].complete) == (b"a\r\n", False)
    assert flows["text"]["error"] == SHUTDOWN


def test_who_had_gone_before_is_not_laid_to_the_end(stopped: Ends) -> None:
    assert stopped[1]["gone"]["error"]["kind"] == "client_disconnected"
