"""Perplexity by the SDKs: text, thinking, citations and files get through, and what the next turn needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from tests.sdk.pairs import WAYS
from tests.sdk.speakers import all_speakers
from tests.sdk.speakers.question import KEYS, NAMES, PERPLEXITY, Failed, Question, Said, Speaker
from tests.support.perplexity.served import MODEL, PIXEL, PROVIDER, Served, served
from tests.support.perplexity.story import QUESTIONS, source

every_client = pytest.mark.parametrize("client", NAMES)
every_way = pytest.mark.parametrize("way", WAYS)
assert PROVIDER == PERPLEXITY


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def speakers(running: Served) -> Iterator[dict[str, Speaker]]:
    with all_speakers(running.daemon.url) as made:
        yield made


@pytest.fixture
def pplx(running: Served) -> Served:
    running.site.reset()
    return running


@pytest.fixture
def speaker(speakers: dict[str, Speaker], client: str) -> Speaker:
    return speakers[client]


def say(speaker: Speaker, way: str, request: dict[str, Any]) -> Said:
    """Asks in one of the two ways."""
    return speaker.ask(PERPLEXITY, request) if way == "buffered" else speaker.stream(PERPLEXITY, request, [])


@every_way
@every_client
def test_text_and_thinking(pplx: Served, speaker: Speaker, way: str) -> None:
    request = speaker.request(Question("go SIM_GOALS 2 SIM_STEPS SIM_WORDS 80", MODEL, system="Be brief.", think=True))
    said = say(speaker, way, request)
    assert said.text.startswith("Answer 1 to “")
    assert said.text.endswith("the river")
    assert len(said.text.split()) > 80
    for told in ("Goal 1: find out about part 1.", "Goal 2: find out about part 2.", "plan.pdf", "look_up"):
        assert told in said.thoughts
    assert "Be brief." in pplx.site.ask["query_str"]
    assert way == "buffered" or said.pieces > 3
    assert not pplx.site.refusals


def chat_citations(native: Any) -> list[tuple[str, str]]:
    """Of a Chat completion."""
    annotations = native.choices[0].message.annotations or []
    return [(each.url_citation.url, each.url_citation.title) for each in annotations]


def responses_citations(native: Any) -> list[tuple[str, str]]:
    """Of a response."""
    parts = [part for item in native.output if item.type == "message" for part in item.content]
    return [(each.url, each.title) for part in parts for each in part.annotations if each.type == "url_citation"]


def anthropic_citations(native: Any) -> list[tuple[str, str]]:
    """Of a message."""
    blocks = [block for block in native.content if block.type == "text"]
    return [(each.url, each.title) for block in blocks for each in block.citations or []]


CITED: dict[str, Callable[[Any], list[tuple[str, str]]]] = {
    "openai": chat_citations,
    "openai_responses": responses_citations,
    "anthropic": anthropic_citations,
}


@every_way
@every_client
def test_citations_are_links(pplx: Served, speaker: Speaker, way: str) -> None:
    said = say(speaker, way, speaker.request(Question("cite SIM_SOURCES 3", MODEL)))
    for number in (1, 2, 3):
        assert f"Fact {number} is known [{number}]({source(number).url.partition('?')[0]}" in said.text


@every_way
@pytest.mark.parametrize("client", CITED)
def test_citations_are_structured(pplx: Served, speaker: Speaker, client: str, way: str) -> None:
    said = say(speaker, way, speaker.request(Question("cite SIM_SOURCES 3", MODEL)))
    assert set(CITED[client](said.native)) == {(source(n).url, source(n).name) for n in (1, 2, 3)}


@every_way
def test_citations_of_gemini(pplx: Served, way: str) -> None:
    options = types.HttpOptions(base_url=pplx.daemon.url, timeout=20_000)
    question = "cite SIM_SOURCES 3"
    with genai.Client(api_key=KEYS[PERPLEXITY], http_options=options) as client:
        if way == "buffered":
            chunks = [client.models.generate_content(model=MODEL, contents=question)]
        else:
            chunks = list(client.models.generate_content_stream(model=MODEL, contents=question))
    grounded = [each.candidates[0].grounding_metadata for each in chunks if each.candidates]
    found = {chunk.web and chunk.web.uri for each in grounded if each for chunk in each.grounding_chunks or []}
    assert found == {source(n).url for n in (1, 2, 3)}


@every_way
@every_client
@pytest.mark.parametrize("kind", ["image/png", "application/pdf"])
def test_files(pplx: Served, speaker: Speaker, client: str, way: str, kind: str) -> None:
    data = PIXEL if kind == "image/png" else b"%PDF-1.4 made up"
    said = say(speaker, way, speaker.request(Question("what is it?", MODEL, media=(kind, data))))
    assert said.text == "Answer 1 to “what is it?”. There were 1 files."
    (stored,) = pplx.site.bucket.stored.values()
    assert (stored.data, stored.announced["content_type"]) == (data, kind)
    assert pplx.site.ask["params"]["attachments"] == [stored.url]


@every_way
@every_client
def test_the_next_turn(pplx: Served, speaker: Speaker, way: str) -> None:
    """The answer as the SDK gave it back goes before the question: it is known again."""
    request = speaker.request(Question(f"begin SIM_SOURCES 2 SIM_GOALS 1 SIM_WORDS 30 {way}", MODEL))
    said = say(speaker, way, request)
    more = say(speaker, way, speaker.go_on(request, said, text="and more?"))
    assert more.text == "Answer 2 to “and more?”."
    (thread,) = pplx.site.library.threads
    assert [entry.query for entry in thread.entries][1:] == ["and more?"]


@pytest.mark.parametrize("client", CITED)
def test_a_thread_by_its_name(pplx: Served, speaker: Speaker, client: str) -> None:
    """The name is in the answer, where the SDK shows it."""
    said = speaker.ask(PERPLEXITY, speaker.request(Question("begin", MODEL)))
    (thread,) = pplx.site.library.threads
    assert said.native.metadata["session_id"] == thread.slug
    request = speaker.request(Question("and then?", MODEL)) | {"metadata": {"session_id": thread.slug}}
    for number, way in enumerate(WAYS, 2):
        assert say(speaker, way, request).text == f"Answer {number} to “and then?”."
        assert pplx.site.asks[-1]["params"]["query_source"] == "followup"


def streamed_events(url: str, client: str) -> list[Any]:
    """What an SDK makes of each event of a stream."""
    question: Any = [{"role": "user", "content": "begin"}]
    if client == "anthropic":
        claude = anthropic.Anthropic(base_url=url, api_key=KEYS[PERPLEXITY], max_retries=0)
        with claude, claude.messages.create(model=MODEL, max_tokens=64, messages=question, stream=True) as stream:
            return list(stream)
    chat = openai.OpenAI(base_url=f"{url}/v1", api_key=KEYS[PERPLEXITY], max_retries=0)
    with chat:
        if client == "openai":
            return list(chat.chat.completions.create(model=MODEL, messages=question, stream=True))
        return [
            each.response
            for each in chat.responses.create(model=MODEL, input="begin", stream=True)
            if hasattr(each, "response")
        ]


@pytest.mark.parametrize("client", CITED)
def test_a_threads_name_in_a_stream(pplx: Served, client: str) -> None:
    """The accumulators of two SDKs forget it; their events have it."""
    told = [getattr(each, "metadata", None) or {} for each in streamed_events(pplx.daemon.url, client)]
    (thread,) = pplx.site.library.threads
    assert [each["session_id"] for each in told if "session_id" in each] == [thread.slug]


@every_way
@every_client
def test_questions(pplx: Served, speaker: Speaker, way: str) -> None:
    said = say(speaker, way, speaker.request(Question("SIM_QUESTIONS", MODEL)))
    assert all(question in said.text for question in QUESTIONS)


@every_way
@every_client
@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_errors(pplx: Served, speaker: Speaker, way: str, status: int) -> None:
    with pytest.raises(speaker.errors[status]) as caught:
        say(speaker, way, speaker.request(Question(f"SIM_ERROR {status}", MODEL)))
    message, _, headers = speaker.told(caught.value)
    assert message
    assert status != 429 or headers["retry-after"] == "7"


@pytest.mark.parametrize("order", ["CUT 4", "RESET 4", "ERROR_EVENT", "EMPTY"])
@every_client
def test_streams_that_break_off(pplx: Served, speaker: Speaker, order: str) -> None:
    with pytest.raises((speaker.broken, Failed)):
        speaker.stream(PERPLEXITY, speaker.request(Question(f"SIM_WORDS 80 SIM_{order}", MODEL)), [])
    with pytest.raises(speaker.errors[502]):
        speaker.ask(PERPLEXITY, speaker.request(Question(f"SIM_WORDS 80 SIM_{order}", MODEL)))


def test_what_openais_sdk_puts_into_the_body(pplx: Served, speakers: dict[str, Speaker]) -> None:
    chat = speakers["openai"]
    request = chat.request(Question("hi", MODEL)) | {"extra_body": {"pplx": {"search_focus": "writing"}}}
    assert chat.ask(PERPLEXITY, request).text == "Answer 1 to “hi”."
    assert pplx.site.ask["params"]["search_focus"] == "writing"
