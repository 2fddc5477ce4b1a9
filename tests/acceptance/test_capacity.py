"""Code Assist is out of capacity: its clients get their answers all the same, or an error in words of their own.

The rush is a simulator of its own that answers a third of all calls with 429, at random from a seed. Whose calls those
are is chance, with 25 clients at once. A turn fails if the model that it asks for is busy eleven times, and then two
others once each: (1/3)^13, which of 500 turns is one in 3,000 runs of this test.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from tests.simulator.conftest import simulator
from tests.support.code_assist import logged_in
from tests.support.crossing import CLIENTS, document, read
from tests.support.daemon import Daemon
from tests.support.http import Header, Response
from tests.support.judges import body_faults, error_faults, stream_faults

TURNS, AT_ONCE = 500, 25
ASKED, SECOND, THIRD = "gemini-3-pro", "gemini-2.5-pro", "gemini-2.5-flash"
STICKY = 10
RUSH = ("--busy", "0.3333", "--busy-delay", "0.02s", "--seed", "9")
KINDS = [(name, stream) for name in CLIENTS for stream in (False, True)]
every_kind = pytest.mark.parametrize(
    ("name", "stream"), KINDS, ids=[f"{name}-{'streamed' if stream else 'buffered'}" for name, stream in KINDS]
)


@pytest.fixture(scope="module")
def rush() -> Iterator[Daemon]:
    """A daemon with a made-up login, before a provider in the rush and one that is busy only where it is told to be."""
    capacity = {"sticky_retry_attempts": STICKY, "fallback_models": [SECOND, THIRD]}
    with logged_in() as login, simulator(*RUSH) as crowded, simulator() as quiet:
        providers = {"rush": login.provider(crowded), "calm": login.provider(quiet)}
        with Daemon({"providers": providers, "gemini_capacity": capacity}, home=login.home) as running:
            yield running
            assert "Traceback" not in running.output


def said(text: str) -> dict[str, dict[str, Any]]:
    """What the user says, in each format."""
    messages = {"messages": [{"role": "user", "content": text}]}
    contents = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return {"anthropic": messages, "openai": messages, "openai_responses": {"input": text}, "gemini": contents}


def ask(
    daemon: Daemon, provider: str, name: str, text: str, *, stream: bool = False, headers: tuple[Header, ...] = ()
) -> Response:
    """A turn of a client of a format."""
    dialect = CLIENTS[name]
    members = said(text)[name] | ({} if name == "gemini" else {"model": ASKED})
    target = dialect.target(ASKED, stream=stream)
    return daemon.ask(
        "POST", target, [dialect.key(provider), *headers], document(dialect, members, stream=stream), timeout=60
    )


def faults(name: str, answer: Response) -> list[str]:
    """What a client of a format finds wrong with an answer."""
    judge = stream_faults if (answer.field("content-type") or b"").startswith(b"text/event-stream") else body_faults
    return judge(WireFormat(name), answer.body)


def test_five_hundred_turns_in_the_rush(rush: Daemon) -> None:
    """Each gets its own answer, whole, in its own format, and nobody sees one of the refusals."""

    def turn(number: int) -> tuple[str, Response]:
        name, stream = KINDS[number % len(KINDS)]
        return name, ask(rush, "rush", name, f"SIM_ECHO this is turn {number}", stream=stream)

    with ThreadPoolExecutor(AT_ONCE) as clients:
        answers = list(clients.map(turn, range(TURNS)))
    for number, (name, answer) in enumerate(answers):
        assert read(name, answer).text == f"SIM_ECHO this is turn {number}"
        assert faults(name, answer) == []
        assert answer.field("x-ccproxy-model") in {each.encode() for each in (ASKED, SECOND, THIRD)}
    flows = [flow for flow in rush.control("GET", f"/flows?limit={TURNS + 9}") if flow["provider"] == "rush"]
    assert Counter(flow["status"] for flow in flows) == {200: TURNS}
    refused = sum(flow["attempts"] for flow in flows) - TURNS
    assert TURNS * 0.35 < refused < TURNS * 0.65, "a third of what is sent is half of what is answered"


@every_kind
def test_everything_is_busy(rush: Daemon, name: str, stream: bool, agent: str) -> None:
    """Ten times more, and two others, in vain: the client is told in its own words, of the model that it asked for."""
    headers = ((b"user-agent", agent.encode()),)
    answer = ask(rush, "calm", name, "SIM_BUSY * 429 20ms", stream=stream, headers=headers)
    assert ASKED in CLIENTS[name].error(answer, 429)
    assert error_faults(WireFormat(name), answer.body, 429) == []
    assert name == "gemini" or answer.field("retry-after") == b"1"
    assert answer.field("x-ccproxy-model") is None
    record = told(rush, agent)
    assert [each["status"] for each in record["tries"]] == [429] * (1 + STICKY + 2)
    assert record["answered_model"] in (None, ASKED)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_stream_begins_with_an_error(rush: Daemon, name: str) -> None:
    """A status 200 that is none: not a word of it has come to the client, so another model can still be asked."""
    answer = ask(rush, "calm", name, f"SIM_BUSY_FIRST {ASKED} 503 20ms", stream=True)
    assert "Hello" in read(name, answer).text
    assert faults(name, answer) == []
    assert answer.field("x-ccproxy-model") == SECOND.encode()
    answer = ask(rush, "calm", name, "SIM_BUSY_FIRST * 503 20ms", stream=True)
    assert (answer.status, answer.complete) == (200, True)
    assert faults(name, answer) == []
    assert "overloaded" in CLIENTS[name].stream_error(answer.body)


@every_kind
def test_another_model_answers(rush: Daemon, name: str, stream: bool, agent: str) -> None:
    """The one that was asked for has no quota left: the next is busy, the third is not."""
    headers = ((b"user-agent", agent.encode()),)
    text = f"SIM_QUOTA {ASKED} SIM_BUSY {SECOND} 503 SIM_ECHO"
    answer = ask(rush, "calm", name, text, stream=stream, headers=headers)
    assert read(name, answer).text == text
    assert faults(name, answer) == []
    assert answer.field("x-ccproxy-model") == THIRD.encode()
    record = told(rush, agent)
    assert [each["status"] for each in record["tries"]] == [429, 503, 200]
    assert SECOND in record["tries"][0]["note"]
    assert THIRD in record["tries"][1]["note"]
    assert not record["tries"][2]["note"]
    assert (record["model"], record["answered_model"]) == (ASKED, THIRD)
    assert json.loads(record["bodies"]["forwarded_request"]["text"])["model"] == THIRD


@pytest.mark.parametrize("name", CLIENTS)
def test_a_model_that_is_pinned_stays(rush: Daemon, name: str, agent: str) -> None:
    """It is asked again, and no other; the pin itself does not leave."""
    headers = ((b"user-agent", agent.encode()), (b"X-CCProxy-Pin", b"1"))
    answer = ask(rush, "calm", name, f"SIM_BUSY {ASKED} 429 20ms", headers=headers)
    assert ASKED in CLIENTS[name].error(answer, 429)
    record = told(rush, agent)
    assert [each["status"] for each in record["tries"]] == [429] * (1 + STICKY)
    assert not [field for field, _ in record["request"]["headers"] if field.lower().startswith("x-ccproxy")]


def test_the_command_line_tells_who_answered(rush: Daemon, agent: str) -> None:
    headers = ((b"user-agent", agent.encode()),)
    assert ask(rush, "calm", "anthropic", f"SIM_QUOTA {ASKED}", headers=headers).status == 200
    flow = told(rush, agent)
    listed = json.loads(rush.home.run("flows", "list", "--json").stdout)
    (mine,) = [each for each in listed if each["id"] == flow["id"]]
    assert (mine["model"], mine["answered_model"], mine["attempts"]) == (ASKED, SECOND, 2)
    shown = rush.home.run("flows", "show", flow["id"]).stdout
    assert ASKED in shown
    assert SECOND in shown


def told(daemon: Daemon, agent: str) -> dict[str, Any]:
    """The whole record of the one exchange of a client."""
    record: dict[str, Any] = daemon.control("GET", f"/flows/{daemon.flow(agent)['id']}")
    return record
