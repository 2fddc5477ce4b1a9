"""Files that go with a question to Perplexity: what is uploaded, what is refused, and what is never fetched.

The weaknesses of ai-ccproxy 2.0 that are named here: R2 and R3 (wire), W-SEC-14 (core).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.test_perplexity import EVERY, STREAMED, text_of
from tests.support.crossing import CLIENTS
from tests.support.perplexity.served import PIXEL, Served, conversation, picture, served
from tests.support.replies import json_reply, reply
from tests.support.upstream import Upstream

CREATE = "/rest/uploads/batch_create_upload_urls"
SUBSCRIBE = "/rest/sse/attachment_processing/subscribe"
LARGEST, MOST = 4000, 3


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(upload={"max_files": MOST, "max_file_size_bytes": LARGEST}) as made:
        yield made


@pytest.fixture
def pplx(running: Served) -> Served:
    running.site.reset()
    return running


def ask(pplx: Served, client: str, members: dict[str, Any], *, streamed: bool = False) -> Any:
    """Asks with the members of a request that say something."""
    return pplx.ask(client, "", streamed=streamed, **members)


def attached(pplx: Served) -> list[bytes]:
    """What went with the newest question, in its order."""
    stored = pplx.site.bucket.stored
    return [stored[url].data or b"" for url in pplx.site.asks[-1]["params"]["attachments"]]


@STREAMED
@EVERY
def test_a_picture_in_each_formats_own_way(pplx: Served, client: str, streamed: bool) -> None:
    answer = ask(pplx, client, picture(client, "what is it?", PIXEL), streamed=streamed)
    assert text_of(client, answer) == "Answer 1 to “what is it?”. There were 1 files."
    assert attached(pplx) == [PIXEL]
    (stored,) = pplx.site.bucket.files.values()
    assert stored.announced["content_type"] == "image/png"
    assert stored.announced["force_image"] is True
    assert stored.processed
    assert b"media" not in (answer.field("x-ccproxy-dropped") or b"")
    assert pplx.site.ask["query_str"] == "what is it?"
    assert not pplx.site.refusals


def test_files_are_matched_by_their_names(pplx: Served) -> None:
    """The stand-in answers in another order than it was asked in."""
    files = [PIXEL + bytes([number]) * number for number in range(MOST)]
    assert ask(pplx, "openai", picture("openai", "which?", *files)).status == 200
    assert attached(pplx) == files


def test_a_document(pplx: Served) -> None:
    data = b"%PDF-1.4 made up"
    file = {"filename": "plan.pdf", "file_data": f"data:application/pdf;base64,{base64.b64encode(data).decode()}"}
    parts = [{"type": "text", "text": "read it"}, {"type": "file", "file": file}]
    assert pplx.ask("openai", "", messages=[{"role": "user", "content": parts}]).status == 200
    assert attached(pplx) == [data]
    (stored,) = pplx.site.bucket.files.values()
    assert (stored.announced["filename"], stored.announced["content_type"]) == ("plan.pdf", "application/pdf")


@EVERY
def test_a_follow_up_sends_only_its_own_files(pplx: Served, client: str) -> None:
    first = picture(client, "first", PIXEL)
    said = text_of(client, ask(pplx, client, first))
    name = next(iter(first))
    second = picture(client, "second", PIXEL + b"2")
    (between,) = next(iter(conversation(client, [("assistant", said)]).values()))
    answer = ask(pplx, client, {name: [*first[name], between, *second[name]]})
    assert text_of(client, answer) == "Answer 2 to “second”. There were 1 files."
    assert attached(pplx) == [PIXEL + b"2"]


def test_R3_what_is_no_picture_stays(pplx: Served) -> None:
    """Blocks of Anthropic's beside the picture: a call of a tool and its result are part of what is asked."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PIXEL).decode()}
    messages = [
        {"role": "user", "content": "look it up"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmF0dXJl"},
                {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"city": "Zürich"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "sunny"}]},
                {"type": "image", "source": source},
                {"type": "text", "text": "so what?"},
            ],
        },
    ]
    assert pplx.ask("anthropic", "", messages=messages).status == 200
    query = pplx.site.ask["query_str"]
    assert all(word in query for word in ("look it up", "look_up", "Zürich", "sunny", "so what?"))
    assert attached(pplx) == [PIXEL]


def test_R3_input_of_responses_has_pictures_too(pplx: Served) -> None:
    result = {"type": "function_call_output", "call_id": "c-1", "output": "sunny"}
    call = {"type": "function_call", "call_id": "c-1", "name": "look_up", "arguments": "{}"}
    made = picture("openai_responses", "so what?", PIXEL)["input"]
    assert pplx.ask("openai_responses", "", input=[call, result, *made]).status == 200
    assert "sunny" in pplx.site.ask["query_str"]
    assert attached(pplx) == [PIXEL]


# -- limits, before anything is sent

BEYOND = {
    "too many": [PIXEL] * (MOST + 1),
    "too large": [PIXEL + bytes(LARGEST)],
    "empty": [b""],
}


@pytest.mark.parametrize("name", BEYOND)
@EVERY
def test_what_is_beyond_the_limits_is_refused(pplx: Served, client: str, name: str) -> None:
    answer = ask(pplx, client, picture(client, "take it", *BEYOND[name]))
    assert CLIENTS[client].error(answer, 400)
    assert not pplx.site.calls("/rest")
    assert not pplx.site.bucket.server.requests


@EVERY
def test_no_more_uploads_today(pplx: Served, client: str) -> None:
    pplx.site.rate_limited = True
    assert CLIENTS[client].error(ask(pplx, client, picture(client, "take it", PIXEL)), 429)
    assert not pplx.site.asks


@EVERY
def test_a_bucket_that_refuses(pplx: Served, client: str) -> None:
    pplx.site.bucket.refuses.append(403)
    assert CLIENTS[client].error(ask(pplx, client, picture(client, "take it", PIXEL)), 502)
    assert not pplx.site.asks


def test_whether_a_file_has_been_read_is_not_waited_for_at_any_price(pplx: Served) -> None:
    pplx.site.instead[SUBSCRIBE] = [reply(500)]
    assert ask(pplx, "openai", picture("openai", "take it", PIXEL)).status == 200
    assert attached(pplx) == [PIXEL]


@pytest.mark.parametrize("answer", [reply(500), json_reply({"results": {}}), json_reply([]), reply(body=b"<html>")])
def test_uploads_that_are_not_possible(pplx: Served, answer: Any) -> None:
    pplx.site.instead[CREATE] = [answer]
    refused = ask(pplx, "openai", picture("openai", "take it", PIXEL))
    assert CLIENTS["openai"].error(refused, 502)
    assert not pplx.site.asks


# -- what is under a URL


@pytest.fixture(scope="module")
def inner() -> Iterator[Upstream]:
    """A server that is nobody's business."""
    upstream = Upstream(reply(200, [(b"Content-Type", b"image/png")], PIXEL))
    yield upstream
    upstream.stop()


def linked(client: str, url: str) -> dict[str, Any]:
    """A question about a picture under a URL."""
    asked: dict[str, dict[str, Any]] = {
        "openai": {
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}
            ]}]
        },
        "openai_responses": {
            "input": [{"role": "user", "content": [
                {"type": "input_text", "text": "what is it?"}, {"type": "input_image", "image_url": url}
            ]}]
        },
        "anthropic": {
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "what is it?"}, {"type": "image", "source": {"type": "url", "url": url}}
            ]}]
        },
        "gemini": {
            "contents": [{"role": "user", "parts": [
                {"text": "what is it?"}, {"fileData": {"mimeType": "image/png", "fileUri": url}}
            ]}]
        },
    }  # fmt: skip
    return asked[client]


PRIVATE = [
    "http://127.0.0.1:PORT/a.png",
    "http://localhost:PORT/a.png",
    "http://2130706433:PORT/a.png",
    "http://0x7f.1:PORT/a.png",
    "http://0.0.0.0:PORT/a.png",
    "http://[::1]:PORT/a.png",
    "http://[::ffff:127.0.0.1]:PORT/a.png",
    "http://[64:ff9b::7f00:1]:PORT/a.png",
    "http://someone:else@127.0.0.1:PORT/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/a.png",
    "file:///etc/hostname",
    "ftp://127.0.0.1:PORT/a.png",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_W_SEC_14_R2_no_private_address_is_asked(pplx: Served, inner: Upstream, url: str) -> None:
    answer = pplx.ask("openai", "", **linked("openai", url.replace("PORT", str(inner.port))))
    assert CLIENTS["openai"].error(answer, 400)
    assert not inner.connections
    assert not pplx.site.calls("/rest")


@STREAMED
@EVERY
def test_W_SEC_14_in_each_dialect(pplx: Served, inner: Upstream, client: str, streamed: bool) -> None:
    answer = pplx.ask(client, "", streamed=streamed, **linked(client, f"{inner.url}/a.png?secret=1"))
    message = CLIENTS[client].error(answer, 400)
    assert "data" in message.lower()  # what to do instead
    assert "secret" not in json.dumps(message)
    assert not inner.connections
    assert not pplx.site.calls("/rest")
