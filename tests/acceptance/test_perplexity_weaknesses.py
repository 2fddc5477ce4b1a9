"""Weaknesses of ai-ccproxy 2.0 that Perplexity's part of it had, and that ours does not have.

Beside those here: C22 (the thread), R6 and W-INS-10 in `test_perplexity_threads`, R2, R3 and W-SEC-14 in
`test_perplexity_files`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_perplexity import EVERY, STREAMED, text_of
from tests.support.crossing import CLIENTS
from tests.support.http import Response
from tests.support.perplexity.served import PIXEL, PROVIDER, Served, picture, served
from tests.support.perplexity.server import ASK, TOKEN
from tests.support.perplexity.story import QUESTIONS
from tests.support.sse import events

COMMAND = "while [ -e {folder}/wait ]; do sleep 0.02; done; echo x >>{folder}/runs; echo " + TOKEN
"""A vault, which opens once there is no file `wait`, and counts its visitors."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vault")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Served]:
    auth = {"type": "command", "command": COMMAND.format(folder=folder)}
    with served({PROVIDER: {"auth": auth}}) as made:
        yield made


@pytest.fixture
def pplx(running: Served, folder: Path) -> Served:
    running.site.reset()
    (folder / "runs").unlink(missing_ok=True)
    return running


def thoughts(answer: Response, *, streamed: bool) -> str:
    """What went before a Chat answer."""
    if not streamed:
        return str(answer.json()["choices"][0]["message"].get("reasoning_content") or "")
    found = [each.json() for each in events(answer.body) if each.data != "[DONE]"]
    deltas = [choice["delta"] for each in found for choice in each["choices"]]
    return "".join(delta.get("reasoning_content") or "" for delta in deltas)


@STREAMED
@pytest.mark.parametrize("seed", range(4))
def test_C22_every_goal_is_told(pplx: Served, seed: int, streamed: bool) -> None:
    answer = pplx.ask("openai", f"think SIM_GOALS 3 SIM_SEED {seed}", streamed=streamed)
    told = thoughts(answer, streamed=streamed)
    for number in (1, 2, 3):
        assert told.count(f"Goal {number}: find out about part {number}.") == 1, told


@STREAMED
@EVERY
def test_C22_questions_and_errors_are_no_empty_success(pplx: Served, client: str, streamed: bool) -> None:
    assert all(
        question in text_of(client, pplx.ask(client, "SIM_QUESTIONS", streamed=streamed)) for question in QUESTIONS
    )
    for order in ("ERROR_EVENT", "DETAIL", "EMPTY"):
        answer = pplx.ask(client, f"SIM_{order}", streamed=streamed)
        if answer.status == 200:
            assert CLIENTS[client].stream_error(answer.body)
        else:
            assert CLIENTS[client].error(answer, answer.status)


@STREAMED
@pytest.mark.parametrize("seed", range(6))
def test_C22_what_is_told_twice_is_said_once(pplx: Served, seed: int, streamed: bool) -> None:
    answer = pplx.ask("openai", f"say it SIM_MODE C SIM_WORDS 60 SIM_SEED {seed}", streamed=streamed)
    said = text_of("openai", answer)
    assert len(said.split()) == 5 + 60, said


@STREAMED
@pytest.mark.parametrize("seed", range(6))
def test_R7_R8_steps_are_told_once_with_all_that_is_in_them(pplx: Served, seed: int, streamed: bool) -> None:
    told = thoughts(pplx.ask("openai", f"do it SIM_STEPS SIM_SEED {seed}", streamed=streamed), streamed=streamed)
    contents = ["plan.pdf", "river bells", "old café", "https://pages.example/2", "https://pages.example/3"]
    contents += ["songs", "python", "a river", "three at a time", "sunny all day", "Zürich"]
    assert {content: told.count(content) for content in contents} == dict.fromkeys(contents, 1), told
    assert told.count("look_up") == 2, told  # R7: its result names the tool, too
    assert "not to be shown" not in told


# -- R1: nothing waits for what one of them waits for


@pytest.mark.parametrize("path", ["/search/new", ASK, "/rest/thread/THREAD", *(f"/rest/{each}" for each in (
    "uploads/batch_create_upload_urls", "sse/attachment_processing/subscribe"))])  # fmt: skip
def test_R1_others_are_served_while_the_site_is_slow(pplx: Served, path: str) -> None:
    thread = pplx.site.library.grown({"one": "said"})
    with pplx.site.held_up(path.replace("THREAD", thread.slug)) as hold:
        members = picture("openai", "slow", PIXEL) | {"metadata": {"session_id": thread.slug}}
        asked = in_background(lambda: pplx.ask("openai", "", **members))
        hold.wait()
        assert pplx.daemon.ask("GET", "/health").status == 200
        assert text_of("openai", pplx.ask("openai", f"meanwhile {path.replace('/', ' ')}")).startswith("Answer 1")
    assert "Answer 2" in text_of("openai", asked())


def in_background(ask: Callable[[], Response]) -> Callable[[], Response]:
    """Asks on a thread of its own; gives what waits for the answer."""
    found: list[Response] = []
    thread = threading.Thread(target=lambda: found.append(ask()))
    thread.start()

    def answer() -> Response:
        thread.join(30)
        assert found, "no answer"
        return found[0]

    return answer


def test_W_AUTH_1_a_slow_vault_holds_up_nobody(tmp_path: Path) -> None:
    wait, asked = tmp_path / "wait", tmp_path / "asked"
    wait.touch()
    command = f"touch {asked}; " + COMMAND.format(folder=tmp_path)
    with served({PROVIDER: {"auth": {"type": "command", "command": command}}}) as slow:
        answer = in_background(lambda: slow.ask("openai", "patience"))
        try:
            for _ in range(500):
                if asked.exists():
                    break
                time.sleep(0.02)
            assert slow.daemon.ask("GET", "/health").status == 200
            assert CLIENTS["openai"].error(slow.ask("openai", "hi", model="no-such-model"), 400)
            assert not slow.site.calls()
        finally:
            wait.unlink()
        assert text_of("openai", answer()).startswith("Answer 1")


def test_W_AUTH_1_one_credential_does_for_all_of_a_request(pplx: Served, folder: Path) -> None:
    """The page, the thread, the upload and the question."""
    thread = pplx.site.library.grown({"one": "said"})
    members = picture("openai", "all of it", PIXEL) | {"metadata": {"session_id": thread.slug}}
    assert pplx.ask("openai", "", **members).status == 200
    assert len(pplx.site.calls()) == 5
    runs = folder / "runs"
    assert not runs.exists() or len(runs.read_text().split()) <= 1
