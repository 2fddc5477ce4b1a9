"""Files on their way to Perplexity: what is announced, what the store gets, and what becomes of failures."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.providers.perplexity.multipart import form
from ccproxy.providers.perplexity.service import Service
from ccproxy.providers.perplexity.uploads import Upload, upload
from tests.auth.house import until
from tests.providers.perplexity.house import House, house, refused, run
from tests.support.perplexity.uploads import Part, parts
from tests.support.replies import JSON, SSE, always, json_reply, reply, short
from tests.support.upstream import Close, Hang, Recorded, Step

CREATE = "/rest/uploads/batch_create_upload_urls"
SUBSCRIBE = "/rest/sse/attachment_processing/subscribe"
PICTURE = Upload("a.png", "image/png", b"\x89PNG\r\n\x1a\n\x00" * 9)
PAPER = Upload("b.pdf", "application/pdf", b"%PDF-1.7")
NOTE = Upload("c.txt", "text/plain", "é".encode())


def announced(made: House) -> dict[str, Any]:
    (call,) = made.site.calls(CREATE)
    found = json.loads(call.body)["files"]
    assert isinstance(found, dict)
    return found


# -- all goes well


def test_files_are_announced_sent_and_waited_for(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            urls = await upload(made.service, [PICTURE, PAPER])
            assert made.site.refusals == []
            stored = made.site.bucket.stored
            assert [stored[url].data for url in urls] == [PICTURE.data, PAPER.data]
            assert all(each.processed for each in stored.values())
            assert [each.target.partition(b"?")[0].decode() for each in made.site.calls()] == [CREATE, SUBSCRIBE]
            first, second = announced(made).values()
            assert first == {
                "filename": "a.png",
                "content_type": "image/png",
                "source": "default",
                "file_size": 81,
                "force_image": True,
                "skip_parsing": False,
                "persistent_upload": False,
            }
            assert (second["content_type"], second["force_image"]) == ("application/pdf", False)

    run(main())


def test_places_belong_to_files_by_their_keys_in_whatever_order_they_come(tmp_path: Path) -> None:
    """Files of one size, so that the store takes any of them at any place."""
    files = [Upload(f"{n}.txt", "text/plain", b"%02d" % n) for n in range(30)]

    async def main() -> None:
        async with house(tmp_path) as made:
            urls = await upload(made.service, files)
            assert [made.site.bucket.stored[url].data for url in urls] == [file.data for file in files]
            assert [url.rpartition("/")[2] for url in urls] == [file.name for file in files]

    run(main())


def test_the_store_gets_no_session(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await upload(made.service, [PICTURE])
            (sent,) = made.site.bucket.server.requests
            names = {name.lower() for name, _ in sent.headers}
            assert not names & {b"cookie", b"authorization", b"x-perplexity-request-reason"}
            assert made.token.read_bytes() not in sent.raw

    run(main())


def test_no_files_are_no_calls(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            assert await upload(made.service, []) == []
            assert made.site.calls() == []

    run(main())


def test_a_file_of_which_only_the_content_is_known(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await upload(made.service, [Upload("", "", b"x")])
            (about,) = announced(made).values()
            assert (about["filename"], about["content_type"]) == ("file", "application/octet-stream")

    run(main())


# -- the form


def test_a_form_is_what_it_was_made_of_whatever_is_in_it() -> None:
    data = b"\r\n--\r\n----ccproxy\x00\xff"
    media_type, body = form({"key": "a/${filename}", "x-é": "é\nü"}, 'a"\r\nb: é.txt', "text/plain", data)
    head = [(b"Content-Type", media_type.encode())]
    made = parts(Recorded("POST", b"/", head, body, b"", 0, 0.0))
    assert [(each.name, each.data) for each in made[:1]] == [("key", b"a/${filename}")]
    assert made[1].data == "é\nü".encode()
    assert made[2] == Part("file", "a%22%0D%0Ab: é.txt", "text/plain", data)
    assert len(made) == 3


def test_a_name_that_is_no_text() -> None:
    assert b'filename="?.txt"' in form({}, "\ud83d.txt", "text/plain", b"")[1]


# -- limits, before anything is sent


LIMITS: dict[str, tuple[list[Upload], dict[str, Any], str]] = {
    "too many": ([NOTE] * 31, {}, "31 files are too many: 30 may go with a question (pplx.upload.max_files)"),
    "more than configured": ([NOTE] * 2, {"max_files": 1}, "2 files are too many: 1 may"),
    "too large": ([NOTE, PAPER], {"max_file_size_bytes": 7}, "the file 'b.pdf' is too large: it has more than 7 bytes"),
    "too large together": ([NOTE, PAPER], {"max_total_bytes": 9}, "the files have more than 9 bytes together"),
    "of no type": ([Upload("d", " ", b"x")], {}, "the file 'd' has ' ' for a media type: say, for example, image/png"),
    "empty": ([NOTE, Upload("d", "text/plain", b"")], {}, "the file 'd' is empty"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_what_is_beyond_the_limits_is_refused_before_anything_is_sent(tmp_path: Path, case: str) -> None:
    files, limits, words = LIMITS[case]

    async def main() -> None:
        async with house(tmp_path, upload=limits) as made:
            error = await refused(upload(made.service, files))
            assert (error.status, error.kind) == (400, "pplx_invalid_file")
            assert words in error.message
            assert made.site.calls() == []

    run(main())


def test_as_many_and_as_large_as_may_be(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, upload={"max_files": 2, "max_file_size_bytes": 8, "max_total_bytes": 16}) as made:
            assert len(await upload(made.service, [PAPER, PAPER])) == 2

    run(main())


# -- announcing fails


def test_too_many_files_for_now(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.rate_limited = True
            error = await refused(upload(made.service, [NOTE]))
            assert (error.status, error.kind) == (429, "pplx_rate_limited")
            made.site.instead[CREATE] = [json_reply({"rate_limited": True})]
            assert (await refused(upload(made.service, [NOTE]))).status == 429
            made.site.instead[CREATE] = [json_reply({"detail": "slow"}, 429, [(b"Retry-After", b"9")])]
            error = await refused(upload(made.service, [NOTE]))
            assert (error.status, error.retry_after) == (429, "9")
            assert made.site.bucket.server.requests == []

    run(main())


STATUSES = {400: 502, 401: 401, 403: 403, 404: 502, 422: 502, 500: 502, 503: 503}


@pytest.mark.parametrize("status", STATUSES)
def test_files_that_are_not_announced(tmp_path: Path, status: int) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[CREATE] = [json_reply({"detail": "Made up."}, status)]
            error = await refused(upload(made.service, [NOTE]))
            assert error.status == STATUSES[status]
            assert f"answered {status} to POST {CREATE}: Made up." in error.message
            assert made.site.bucket.server.requests == []

    run(main())


FIELDS = {"key": "x"}
PLACE: dict[str, Any] = {
    "s3_bucket_url": "http://127.0.0.1:1/",
    "s3_object_url": "http://127.0.0.1:1/x",
    "fields": FIELDS,
    "file_uuid": "u",
}
LACKS: dict[str, Any] = {
    "a page": reply(200, [(b"Content-Type", b"text/html")], b"<html>"),
    "a list": json_reply([]),
    "no results": json_reply({"detail": "none today"}),
    "results in a list": json_reply({"results": [PLACE]}),
    "another key": json_reply({"results": {"another": PLACE}}),
    **{f"no {name}": PLACE | {name: None} for name in ("s3_bucket_url", "s3_object_url", "fields")},
    "fields that are empty": PLACE | {"fields": {}},
    "fields that are a list": PLACE | {"fields": [["key", "x"]]},
    "fields that are no texts": PLACE | {"fields": {"key": 3}},
    "an error": {"error": "Unsupported type."},
    "no object": "x",
}


@pytest.mark.parametrize("case", LACKS)
def test_a_place_that_is_not_told(tmp_path: Path, case: str) -> None:
    made_up = LACKS[case]

    def script(request: Recorded) -> Iterable[Step]:
        keys = json.loads(request.body)["files"]
        return made_up(request) if callable(made_up) else json_reply({"results": dict.fromkeys(keys, made_up)})(request)

    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[CREATE] = [script]
            error = await refused(upload(made.service, [NOTE, PAPER]))
            assert (error.status, error.kind) == (502, "pplx_bad_answer")
            assert "Perplexity" in error.message
            if case == "an error":
                assert "Unsupported type." in error.message
            assert made.site.bucket.server.requests == []
            assert made.site.calls(SUBSCRIBE) == []

    run(main())


# -- the store


XML = (b"Content-Type", b"application/xml")
DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Policy expired.\x1b</Message>'
)
STORES: dict[str, tuple[Any, str]] = {
    "403": (reply(403, [XML], DENIED), "the store answered 403 (AccessDenied) and said: Policy expired."),
    "400, without words": (reply(400, [XML], b"\xff"), "the store answered 400"),
    "500": (reply(500, [], b""), "the store answered 500"),
    "303": (reply(303, [(b"Location", b"/")], b""), "the store answered 303"),
    "200 is as good as 204": (reply(200, [], b""), ""),
    "201": (reply(201, [XML], b"<PostResponse/>"), ""),
    "a page": (reply(200, [(b"Content-Type", b"text/html")], b"<html>Sign in"), "the store answered 200 with a page"),
    "a page of which nothing is said": (reply(200, [], b"<!DOCTYPE html>"), "the store answered 200 with a page"),
    "closed": (always(Close()), "127.0.0.1"),
    "broken off": (short([XML], b"<", 10), "127.0.0.1"),
}


@pytest.mark.parametrize("case", STORES)
def test_a_file_that_the_store_does_not_take(tmp_path: Path, case: str) -> None:
    script, words = STORES[case]

    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.bucket.server.script = script
            if not words:
                assert len(await upload(made.service, [NOTE])) == 1
                return
            error = await refused(upload(made.service, [NOTE]))
            assert (error.status, error.kind) == (502, "pplx_upload_failed")
            assert "the file 'c.txt' could not be given to Perplexity: " in error.message
            assert words in error.message
            assert error.message.isprintable()
            assert made.site.calls(SUBSCRIBE) == []

    run(main())


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, upload={"upload_timeout_seconds": 0.5}) as made:
            made.site.bucket.server.script = always(Hang())
            error = await refused(upload(made.service, [NOTE] * 6))
            assert (error.status, error.kind) == (502, "pplx_upload_failed")

    run(main())


def test_a_store_on_another_machine_in_the_open(tmp_path: Path) -> None:
    def script(request: Recorded) -> Iterable[Step]:
        place = PLACE | {"s3_bucket_url": "http://10.0.0.1/"}
        return json_reply({"results": dict.fromkeys(json.loads(request.body)["files"], place)})(request)

    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[CREATE] = [script]
            error = await refused(upload(made.service, [NOTE]))
            assert (error.status, error.kind) == (502, "pplx_upload_failed")
            assert "10.0.0.1" in error.message

    run(main())


def test_who_has_no_way_to_the_store_announces_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            alone = Service(made.service.provider, made.service.settings)
            error = await refused(upload(alone, [NOTE]))
            assert (error.status, error.kind) == (503, "pplx_unavailable")

    run(main())


def test_nothing_else_waits_for_the_store(tmp_path: Path) -> None:
    """Files are taken only after another call has been answered: whoever blocks the loop never gets there."""

    async def main() -> None:
        async with house(tmp_path) as made:
            other, take = threading.Event(), made.site.bucket.server.script

            def held(request: Recorded) -> Iterable[Step]:
                assert other.wait(20)
                return take(request)

            made.site.bucket.server.script = held
            sending = asyncio.create_task(upload(made.service, [NOTE] * 6))
            await until(lambda: made.site.bucket.server.requests)
            assert (await made.service.quotas.read())["remaining_pro"] == 287
            assert not sending.done()
            other.set()
            assert len(await sending) == 6

    run(main())


# -- whether they have been read


READ: dict[str, Any] = {
    "refused": json_reply({"detail": "Made up."}, 500),
    "broken off": short([SSE], b"data: {}\n\n", 10),
    "closed": always(Close()),
    "never": always(Hang()),
    "endless": reply(200, [JSON], b" " * (8 * 1024 * 1024 + 1)),
}


@pytest.mark.parametrize("case", READ)
def test_that_files_have_been_read_need_not_be_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    async def main() -> None:
        async with house(tmp_path, upload={"subscribe_timeout_seconds": 0.5}) as made:
            made.site.instead[SUBSCRIBE] = [READ[case]] * 2  # a connection that was closed is not all there is
            assert len(await upload(made.service, [NOTE])) == 1

    run(main())
    (line,) = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert line.startswith("provider 'p': whether Perplexity has read the files is not known: ")


def test_files_without_an_id_are_not_asked_for(tmp_path: Path) -> None:
    def script(request: Recorded) -> Iterable[Step]:
        url = made_up["bucket"]
        place = PLACE | {"s3_bucket_url": url, "file_uuid": None}
        return json_reply({"results": dict.fromkeys(json.loads(request.body)["files"], place)})(request)

    made_up: dict[str, str] = {}

    async def main() -> None:
        async with house(tmp_path) as made:
            made_up["bucket"] = made.site.bucket.server.url
            made.site.bucket.server.script = reply(204, [], b"")
            made.site.instead[CREATE] = [script]
            assert await upload(made.service, [NOTE]) == [PLACE["s3_object_url"]]
            assert made.site.calls(SUBSCRIBE) == []

    run(main())
