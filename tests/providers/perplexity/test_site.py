"""Calls of the web application's API: what they look like, and what becomes of each way to fail."""

from __future__ import annotations

import asyncio
import gzip
import threading
import uuid
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.exchange import Origin
from ccproxy.providers.perplexity.headers import Reason, stamped
from ccproxy.providers.perplexity.site import Site
from tests.providers.perplexity.house import House, house, refused, run
from tests.support.perplexity.headers import STAMPS
from tests.support.perplexity.server import TOKEN
from tests.support.ports import free_port
from tests.support.replies import (
    BAD_CHUNK,
    CLOSE_BEFORE_HEADERS,
    GARBAGE,
    JSON,
    always,
    json_reply,
    reply,
    short,
)  # fmt: skip
from tests.support.upstream import Hang, Recorded, Script, Step

LIMITS = "/rest/rate-limit/all"
HTML = (b"Content-Type", b"text/html; charset=utf-8")
PAGE = b"<!DOCTYPE html><title>Just a moment...</title>"


def ask(made: House, path: str = LIMITS, **details: Any) -> Coroutine[Any, Any, Any]:
    more: Any = {"reason": Reason.SIDEBAR, "seconds": 5.0} | details
    return made.service.site.ask_object("GET", path, **more)


# -- what a call looks like


def test_a_call_looks_like_one_of_the_sites_own_pages(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await ask(made)
            await ask(made)
            first, second = made.site.calls(LIMITS)
            assert made.site.refusals == []
            assert first.field("cookie") == f"__Secure-next-auth.session-token={TOKEN}".encode()
            assert first.field("authorization") is None
            assert first.field("accept") == b"application/json"
            assert first.field("content-type") is None
            assert first.field("origin") == made.site.url.encode()
            assert first.field("x-request-id") != second.field("x-request-id")

    run(main())


def test_what_the_real_site_is_told_of_its_pages() -> None:
    fields = dict(stamped(Reason.ASK, Origin("https", "www.perplexity.ai", 443)))
    assert fields[b"Origin"] == b"https://www.perplexity.ai"
    assert fields[b"Referer"] == b"https://www.perplexity.ai/"
    assert fields[b"Accept"] == b"text/event-stream, application/json"
    assert fields[b"Content-Type"] == b"application/json"
    assert fields[b"x-perplexity-request-reason"] == b"perplexity-query-state-provider"
    assert {name: fields[name.encode()] for name in STAMPS} == STAMPS
    assert uuid.UUID(fields[b"x-request-id"].decode()).version == 4
    assert not {b"cookie", b"authorization"} & {name.lower() for name in fields}


def test_the_embedded_simulator_is_told_the_same() -> None:
    fields = dict(stamped(Reason.ASK, Origin("simulator", "simulator", 0)))
    assert fields[b"Origin"] == b"https://www.perplexity.ai"


def test_a_query_and_a_body_are_sent_as_they_are(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/x"] = [json_reply({"a": 1})]
            query = {"q": "é & b=c", "several": ("x", "y")}
            answer = await made.service.site.ask_json(
                "POST", "/x", reason=Reason.ASK, query=query, body={"ä": [None]}, seconds=5
            )
            assert answer == {"a": 1}
            (call,) = made.site.calls("/x")
            assert call.target == b"/x?q=%C3%A9+%26+b%3Dc&several=x&several=y"
            assert (call.body, call.field("content-type")) == ('{"ä":[null]}'.encode(), b"application/json")
            error = await refused(
                made.service.site.ask("POST", "/x", reason=Reason.ASK, body={"half": "\ud83d"}, seconds=5)
            )
            assert (error.status, error.kind) == (400, "pplx_invalid_request")

    run(main())


def test_a_base_url_with_a_path(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as outer, house(tmp_path, f"{outer.site.url}/below/") as made:
            outer.site.instead[f"/below{LIMITS}"] = [json_reply({"a": 1})]
            assert await ask(made) == {"a": 1}

    run(main())


# -- errors of the site


STATUSES: dict[str, tuple[Script, int, str, str]] = {
    "400": (json_reply({"detail": "Bad."}, 400), 400, "pplx_error", "answered 400 to GET /rest/rate-limit/all: Bad."),
    "401": (json_reply({"detail": "No."}, 401), 401, "pplx_unauthorized", "No. (sign in at www.perplexity.ai"),
    "403": (json_reply({"error_code": "X"}, 403), 403, "pplx_forbidden", ": X (the account may not do that"),
    "403, a page": (reply(403, [HTML], PAGE), 403, "pplx_forbidden", "fingerprint_profile: chrome131"),
    "404": (json_reply({"error_message": "Gone."}, 404), 404, "pplx_not_found", "Gone. (it may have been deleted, or"),
    "418": (reply(418, [], b""), 418, "pplx_error", "answered 418 to GET /rest/rate-limit/all"),
    "422": (json_reply({"detail": [{"msg": "a"}, {"msg": "b"}]}, 422), 422, "pplx_error", ": a; b"),
    "429": (json_reply({"error": {"message": "Slow."}}, 429), 429, "pplx_rate_limited", "Slow. (see `ccproxy pplx q"),
    "500": (reply(500, [HTML], PAGE), 500, "pplx_error", "a page in place of an answer"),
    "503": (json_reply("Later.", 503), 503, "pplx_error", ": Later."),
    "529": (json_reply({"text": "x" * 400}, 529), 529, "pplx_error", "x" * 300 + "…"),
    "302": (reply(302, [(b"Location", b"/login")], b""), 502, "pplx_error", "Perplexity answered 302"),
    "304": (reply(304, [], b""), 502, "pplx_error", "Perplexity answered 304"),
    "a page": (reply(200, [HTML], PAGE), 502, "pplx_bad_answer", "something that is no JSON"),
    "nothing": (reply(200, [JSON], b""), 502, "pplx_bad_answer", "something that is no JSON"),
    "204": (reply(204, [], b""), 502, "pplx_bad_answer", "no JSON"),
    "a list": (json_reply([]), 502, "pplx_bad_answer", "no JSON object"),
    "half of it": (short([JSON], b'{"a": 1', 5), 502, "pplx_fetch_error", "127.0.0.1"),
    "closed": (CLOSE_BEFORE_HEADERS, 502, "pplx_fetch_error", "127.0.0.1"),
    "garbage": (GARBAGE, 502, "pplx_fetch_error", "127.0.0.1"),
    "a bad chunk": (BAD_CHUNK, 502, "pplx_fetch_error", "127.0.0.1"),
    "too long": (reply(200, [JSON], b" " * (1024 * 1024 + 1)), 502, "pplx_fetch_error", "more than 1048576 bytes"),
    "no gzip": (reply(200, [(b"Content-Encoding", b"gzip")], b"no"), 502, "pplx_fetch_error", "not valid gzip"),
    "a bomb": (
        reply(200, [(b"Content-Encoding", b"gzip")], gzip.compress(b" " * 50_000_000)), 502, "pplx_fetch_error", "",
    ),
    "a coding of its own": (reply(200, [(b"Content-Encoding", b"x-own")], b"{}"), 502, "pplx_fetch_error", "not known"),
}  # fmt: skip


@pytest.mark.parametrize("case", STATUSES)
def test_a_failure_says_what_and_why(tmp_path: Path, case: str) -> None:
    script, status, kind, words = STATUSES[case]

    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIMITS] = [script, script]
            error = await refused(ask(made))
            assert (error.status, error.kind) == (status, kind)
            assert words in error.message
            assert error.message.isprintable()
            made.site.instead.clear()
            assert "remaining_pro" in await ask(made)

    run(main())


def test_when_to_come_back_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIMITS] = [json_reply({}, 429, [(b"Retry-After", b"17")])]
            assert (await refused(ask(made))).retry_after == "17"
            made.site.instead[LIMITS] = [json_reply({}, 429)]
            assert (await refused(ask(made))).retry_after is None

    run(main())


def test_a_session_that_an_error_repeats_is_not_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIMITS] = [json_reply({"detail": f"bad\x1b[31m cookie {TOKEN}\nx"}, 400)]
            assert "bad [31m cookie [redacted] x" in (await refused(ask(made))).message

    run(main())


def test_an_answer_as_long_as_was_allowed(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            long = b'{"a": "' + b"x" * 3_000_000 + b'"}'
            coded = [JSON, (b"Content-Encoding", b"gzip")]
            made.site.instead[LIMITS] = [reply(200, [JSON], long), reply(200, coded, gzip.compress(long, 0))]
            for _ in range(2):
                assert len((await ask(made, limit=4_000_000))["a"]) == 3_000_000

    run(main())


# -- no answer


def test_nobody_is_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, f"http://127.0.0.1:{free_port()}") as made:
            error = await refused(ask(made))
            assert (error.status, error.kind) == (502, "pplx_fetch_error")
            assert "no connection" in error.message

    run(main())


def test_an_answer_that_does_not_come(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIMITS] = [always(Hang())]
            error = await refused(ask(made, seconds=0.2))
            assert (error.status, error.kind) == (502, "pplx_fetch_error")
            assert "did not answer within 0.2 s" in error.message

    run(main())


def test_nothing_else_waits_for_an_answer(tmp_path: Path) -> None:
    """The first call is answered only after a second one has been: whoever blocks the loop never gets there."""

    async def main() -> None:
        async with house(tmp_path) as made:
            second = threading.Event()

            def held(request: Recorded) -> Iterable[Step]:
                assert second.wait(20)
                return json_reply({"a": 1})(request)

            made.site.server.script = lambda request: (
                held(request) if request.target.startswith(b"/held") else json_reply({"b": 2})(request)
            )
            first = asyncio.create_task(ask(made, "/held", seconds=30))
            assert await ask(made) == {"b": 2}
            assert not first.done()
            second.set()
            assert await first == {"a": 1}

    run(main())


# -- sessions


def test_without_a_session_nothing_is_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, auth=False) as made:
            error = await refused(ask(made))
            assert (error.status, error.kind) == (503, "pplx_unavailable")
            assert made.site.calls() == []
        async with house(tmp_path) as made:
            made.token.unlink()
            error = await refused(ask(made))
            assert (error.status, error.kind) == (503, "pplx_unavailable")
            assert "no credential for provider 'p'" in error.message
            assert made.site.calls() == []
        async with house(tmp_path) as made:
            error = await refused(Site(made.service.provider).ask("GET", "/", reason="x", seconds=1))
            assert (error.status, error.kind) == (503, "pplx_unavailable")

    run(main())


def test_a_session_that_has_ended_is_replaced_by_the_one_in_the_file(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await ask(made)
            made.site.tokens = {"another-session-of-nobody"}
            made.token.write_text("another-session-of-nobody")
            assert "remaining_pro" in await ask(made)
            made.site.tokens = set()
            asked = len(made.site.calls())
            assert (await refused(ask(made))).status == 401
            assert len(made.site.calls()) == asked + 1, "there is no other session to try"

    run(main())


# -- visits


def visit(made: House) -> Coroutine[Any, Any, None]:
    return made.service.site.visit("/search/new", query={"q": "é?"}, reason=Reason.ASK, seconds=5)


def moved(*places: str) -> list[Script]:
    return [reply(307, [(b"Location", place.encode())], b"") for place in places]


def test_a_page_is_visited(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await visit(made)
            assert (made.site.warmed, made.site.refusals) == ({"é?"}, [])

    run(main())


def test_redirects_within_the_site_are_followed(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/search/new"] = moved("/a?b=%C3%A9")
            made.site.instead["/a"] = moved(f"{made.site.url}/c")
            made.site.instead["/c"] = moved("d")
            made.site.instead["/d"] = [reply()]
            await visit(made)
            assert [each.target for each in made.site.calls()][1:] == [b"/a?b=%C3%A9", b"/c", b"/d"]
            assert {each.field("cookie") is not None for each in made.site.calls()} == {True}

    run(main())


@pytest.mark.parametrize(
    "place", ["elsewhere", "https://www.example.com/", "//[", "http://user@127.0.0.1/", "mailto:x"]
)
def test_no_session_goes_to_another_site(tmp_path: Path, place: str) -> None:
    async def main() -> None:
        async with house(tmp_path) as other, house(tmp_path) as made:
            made.site.instead["/search/new"] = moved(other.site.url if place == "elsewhere" else place)
            error = await refused(visit(made))
            assert (error.status, error.kind) == (502, "pplx_bad_answer")
            assert other.site.calls() == []
            assert len(made.site.calls()) == 1

    run(main())


def test_redirects_without_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/search/new"] = moved(*["/search/new"] * 20)
            assert "redirects GET /search/new more than 5 times" in (await refused(visit(made))).message
            assert len(made.site.calls()) == 6

    run(main())


def test_a_page_that_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/search/new"] = [reply(403, [HTML], PAGE)]
            assert (await refused(visit(made))).status == 403
            made.site.instead["/search/new"] = [always(Hang())]
            error = await refused(made.service.site.visit("/search/new", reason=Reason.ASK, seconds=0.2))
            assert "within 0.2 s" in error.message

    run(main())
