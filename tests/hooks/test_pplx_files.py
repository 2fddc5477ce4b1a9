"""`extract_pplx_files`: files of a conversation are uploaded and attached, or the client is told why not."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.assembly import House
from ccproxy.transport.outside import Outside
from ccproxy.transport.ways import Ways
from tests.hooks.perplexity import MODEL, PROVIDER, Client, config, house, reached, run
from tests.support.dialects import ANTHROPIC, DIALECTS, Dialect
from tests.support.perplexity.server import PerplexitySite
from tests.support.replies import reply
from tests.support.upstream import Hang, Upstream

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4 made up"
DROPPED = "x-ccproxy-dropped"


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def stored(site: PerplexitySite) -> list[tuple[str, str, bytes]]:
    """The files that came, as the last question names them."""
    by_url = site.bucket.stored
    files = [by_url[url] for url in site.asks[-1]["params"]["attachments"]]
    return [(each.announced["filename"], each.announced["content_type"], each.data or b"") for each in files]


def reaching(made: House, settings: Any) -> None:
    """Lets the house fetch from this machine, where a test's files are."""
    service = made.providers[PROVIDER].perplexity
    assert service is not None
    service.outside = Outside(Ways(settings), allowed=lambda address: True)


PICTURE = base64.b64encode(PIXEL).decode()
BODIES: dict[str, dict[str, Any]] = {
    "anthropic": {
        "model": MODEL,
        "max_tokens": 64,
        "messages": [
            {
                "role": "user",
                "content": [
                    text("What is it?"),
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
                ],
            }
        ],
    },
    "openai": {"model": MODEL, "messages": [{"role": "user", "content": [text("What is it?"), image(uri(PIXEL))]}]},
    "openai_responses": {
        "model": MODEL,
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": uri(PIXEL)},
                ],
            }
        ],
    },
    "gemini": {
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "What is it?"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}}],
            }
        ]
    },
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_picture_of_every_format_is_uploaded(dialect: Dialect, site: PerplexitySite, tmp_path: Path) -> None:
    """R3: images of Anthropic's and Responses' requests were lost without a word."""

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            told = await client.send(dialect, json.dumps(BODIES[dialect.name]).encode())
            assert client.status == 200, told
            assert "There were 1 files." in json.dumps(told)
            assert "media" not in client.headers.get(DROPPED, "")
            assert "media" not in client.exchange.dropped

    run(main())
    assert stored(site) == [("image-1.png", "image/png", PIXEL)]
    assert site.ask["query_str"] == "What is it?"
    assert site.refusals == []


def test_tools_and_thinking_stay_beside_a_picture(site: PerplexitySite, tmp_path: Path) -> None:
    """R3: with the picture went tool calls, results and thinking."""
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(PDF).decode()}
    conversation = [
        {"role": "user", "content": "Read it."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a.pdf"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "Here it is."}, {"type": "document", "source": source}],
                }
            ],
        },
    ]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            body = {"model": MODEL, "max_tokens": 64, "messages": conversation}
            await client.send(ANTHROPIC, json.dumps(body).encode())
            assert client.status == 200
            assert client.headers[DROPPED] == "thinking=1, field.max_tokens=1"

    run(main())
    assert stored(site) == [("file-1.pdf", "application/pdf", PDF)]
    for words in ("[Call of read]", "a.pdf", "[Result of read]: Here it is."):
        assert words in site.ask["query_str"]


def test_files_keep_their_order_and_names(site: PerplexitySite, tmp_path: Path) -> None:
    def pdf(name: str) -> dict[str, Any]:
        data = uri(PDF + name.encode(), "application/pdf")
        return {"type": "file", "file": {"filename": f"../dir/{name}", "file_data": data}}

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            await Client(made).say([text("Compare."), pdf("b.pdf"), pdf("a.pdf"), image(uri(PIXEL))])

    run(main())
    assert [(name, data) for name, _, data in stored(site)] == [
        ("b.pdf", PDF + b"b.pdf"),
        ("a.pdf", PDF + b"a.pdf"),
        ("image-3.png", PIXEL),
    ]


def test_with_the_next_question_go_only_its_own_files(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say([text("one"), image(uri(PIXEL))])
            assert await client.say("two") == "Answer 2 to “two”."
            assert DROPPED not in client.headers
            await client.say([text("three"), image(uri(PIXEL + b"3"))])
            again = Client(made)
            again.messages = [
                *client.messages[:2],
                {"role": "user", "content": "else"},
                {"role": "assistant", "content": "?"},
            ]
            await again.say("four")

    run(main())
    assert [len(each["params"]["attachments"]) for each in site.asks] == [1, 0, 1, 1]


def test_the_same_words_about_another_picture_are_another_conversation(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            one, other = Client(made), Client(made)
            await one.say([text("What is it?"), image(uri(PIXEL))])
            other.messages = [
                {"role": "user", "content": [text("What is it?"), image(uri(PIXEL + b"!"))]},
                dict(one.messages[1]),
            ]
            await other.say("Sure?")
            assert site.asks[-1]["params"]["query_source"] == "home"
            await one.say("Sure?")
            assert site.asks[-1]["params"]["query_source"] == "followup"

    run(main())


# -- limits


LIMITS: dict[str, tuple[dict[str, int], list[dict[str, Any]], str]] = {
    "too many": ({"max_files": 2}, [image(uri(PIXEL))] * 3, "max_files"),
    "too large": ({"max_file_size_bytes": 10}, [image(uri(PIXEL))], "max_file_size_bytes"),
    "too large together": ({"max_total_bytes": 99}, [image(uri(PIXEL))] * 2, "max_total_bytes"),
    "of no type": ({}, [image(uri(PIXEL, " "))], "' ' for a media type"),
    "empty": ({}, [image(uri(b""))], "empty"),
    "unreadable": ({}, [image("data:image/png;base64,$$$")], "not base64"),
    "loopback": ({}, [image("http://127.0.0.1:9/x.png")], "127.0.0.1"),
    "no web address": ({}, [image("file:///etc/passwd")], "data URI"),
    "late": ({"max_files": 2}, [image("http://127.0.0.1:9/x.png")] * 3, "max_files"),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_what_is_beyond_the_limits_is_refused_before_anything_is_sent(
    kind: str, site: PerplexitySite, tmp_path: Path
) -> None:
    limits, files, words = LIMITS[kind]

    async def main() -> None:
        async with house(config(site, tmp_path / "c", upload=limits)) as made:
            client = Client(made)
            message = await client.say([text("What is it?"), *files])
            assert (client.status, words in message) == (400, True), message

    run(main())
    assert [each.target for each in site.calls("/rest")] == []


def test_too_many_uploads_are_told_as_such(site: PerplexitySite, tmp_path: Path) -> None:
    site.rate_limited = True

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say([text("What is it?"), image(uri(PIXEL))])
            assert client.status == 429

    run(main())
    assert site.asks == []


def test_a_refused_upload_is_no_question_without_its_file(site: PerplexitySite, tmp_path: Path) -> None:
    site.bucket.refuses.append(403)

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            message = await client.say([text("What is it?"), image(uri(PIXEL))])
            assert (client.status, "image-1.png" in message) == (502, True), message

    run(main())
    assert site.asks == []


# -- URLs


def test_what_a_url_names_is_uploaded(site: PerplexitySite, tmp_path: Path) -> None:
    server = Upstream(reply(200, [(b"Content-Type", b"image/png")], PIXEL))
    settings = config(site, tmp_path / "c")

    async def main() -> None:
        async with house(settings) as made:
            reaching(made, settings)
            client = Client(made)
            await client.say([text("What is it?"), image(f"{server.url}/a/pixel.png?size=1")])
            assert client.status == 200

    try:
        run(main())
    finally:
        server.stop()
    assert stored(site) == [("pixel.png", "image/png", PIXEL)]


def test_what_urls_name_is_too_large_together(site: PerplexitySite, tmp_path: Path) -> None:
    server = Upstream(reply(200, [(b"Content-Type", b"nonsense")], PIXEL))
    settings = config(site, tmp_path / "c", upload={"max_total_bytes": 2 * len(PIXEL)})

    async def main() -> None:
        async with house(settings) as made:
            reaching(made, settings)
            client = Client(made)
            urls = [image(f"{server.url}/{number}") for number in range(9)]
            message = await client.say([text("What is it?"), *urls])
            assert (client.status, "max_total_bytes" in message) == (400, True), message
            assert await Client(made).say([text("What is it?"), *urls[:2]])

    try:
        run(main())
    finally:
        server.stop()
    assert [kind for _, kind, _ in stored(site)] == ["application/octet-stream"] * 2


def test_the_daemon_does_other_things_while_it_waits_for_a_url(site: PerplexitySite, tmp_path: Path) -> None:
    """R1: fetching and uploading stood still the event loop."""
    server = Upstream(lambda request: [Hang()])
    settings = config(site, tmp_path / "c", upload={"fetch_timeout_seconds": 1.0})

    async def main() -> None:
        async with house(settings) as made:
            reaching(made, settings)
            slow, quick = Client(made), Client(made)
            waiting = asyncio.create_task(slow.say([text("one"), image(f"{server.url}/x.png")]))
            await reached(lambda: server.requests)
            assert await quick.say("two") == "Answer 1 to “two”."
            assert not waiting.done()
            message = await waiting
            assert (slow.status, "within 1 s" in message) == (400, True), message

    try:
        run(main())
    finally:
        server.stop()
