"""Threads as they are fetched: all their pages, and what a question needs to go on with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ccproxy.providers.perplexity.refusals import SiteError
from ccproxy.providers.perplexity.threads import Thread, newest, slug_of, thread
from tests.providers.perplexity.house import House, house, refused, run
from tests.support.perplexity.threads import Thread as Kept
from tests.support.replies import json_reply, reply
from tests.support.upstream import Script

TURNS = {"How do tides work?": "By the moon.", "And the sun?": "Less.", "Both?": "Spring tides."}
ENTRY = {"backend_uuid": "b", "context_uuid": "c", "read_write_token": "t"}


def grown(made: House, turns: int = 3) -> Kept:
    return made.site.library.grown(dict(list(TURNS.items())[:turns]))


def pages(*documents: Any) -> list[Script]:
    return [json_reply(document) for document in documents]


def questions(found: Thread) -> list[str]:
    return [entry["query_str"] for entry in found.entries]


def test_a_thread_and_its_ids(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            kept = grown(made)
            found = await thread(made.service, kept.slug)
            assert made.site.refusals == []
            assert questions(found) == list(TURNS)
            assert (found.slug, found.title, found.context_uuid) == (kept.slug, kept.title, kept.context_uuid)
            assert newest(found.entries) == {
                "backend_uuid": kept.entries[-1].backend_uuid,
                "context_uuid": kept.context_uuid,
                "read_write_token": kept.entries[-1].write_token,
                "thread_url_slug": kept.slug,
                "thread_title": kept.title,
            }

    run(main())


def test_by_its_context_or_the_address_of_its_page(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            kept = grown(made)
            for name in (kept.context_uuid, f" https://www.perplexity.ai/search/{kept.slug}?a=b#c "):
                assert (await thread(made.service, name)).slug == kept.slug

    run(main())


@pytest.mark.parametrize("cursor", ["end", "next"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_all_pages_are_fetched(tmp_path: Path, cursor: str, size: int) -> None:
    async def main() -> None:
        async with house(tmp_path, thread={"fetch_page_size": size}) as made:
            made.site.paging.cursor = cursor
            found = await thread(made.service, grown(made).slug)
            assert questions(found) == list(TURNS)
            calls = made.site.calls("/rest/thread/")
            assert len(calls) == -(-3 // size)
            assert all(b"&limit=%d&" % size in call.target for call in calls)
            assert made.site.refusals == []

    run(main())


@pytest.mark.parametrize("cursor", ["none", "same"])
def test_a_thread_that_does_not_say_how_it_goes_on(tmp_path: Path, cursor: str) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.paging.most, made.site.paging.cursor = 1, cursor
            error = await refused(thread(made.service, grown(made).slug))
            assert (error.status, error.kind) == (502, "pplx_bad_answer")
            assert len(made.site.calls()) <= 2

    run(main())


BAD_CURSORS: list[Any] = [None, "", True, [], {}]


@pytest.mark.parametrize("cursor", BAD_CURSORS, ids=repr)
def test_a_cursor_that_is_none(tmp_path: Path, cursor: Any) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            page = {"entries": [ENTRY], "has_next_page": True, "end_cursor": cursor}
            made.site.instead["/rest/thread/x"] = pages(page)
            error = await refused(thread(made.service, "x"))
            assert (error.status, error.message) == (502, "Perplexity says that the thread goes on, but not where")

    run(main())


def test_cursors_that_go_round(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            around = [{"entries": [ENTRY], "has_next": True, "next_cursor": name} for name in (1, "2", "1", "3")]
            made.site.instead["/rest/thread/x"] = pages(*around)
            error = await refused(thread(made.service, "x"))
            assert error.status == 502
            assert "repeats itself" in error.message
            assert [b"cursor=%d" % n in call.target for n, call in enumerate(made.site.calls())] == [False, True, True]

    run(main())


def test_a_thread_without_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            page = {"entries": [ENTRY], "has_next": True}
            made.site.instead["/rest/thread/x"] = pages(*({**page, "end_cursor": str(n)} for n in range(300)))
            error = await refused(thread(made.service, "x"))
            assert (error.status, len(made.site.calls())) == (502, 200)
            assert "more than 200 pages" in error.message

    run(main())


def test_a_page_without_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/rest/thread/x"] = [reply(200, [], b" " * (16 * 1024 * 1024 + 1))]
            error = await refused(thread(made.service, "x"))
            assert (error.status, error.kind) == (502, "pplx_fetch_error")
            assert "more than 16777216 bytes" in error.message

    run(main())


def test_pages_that_are_too_much_together(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            page = {"entries": [{"text": "x" * (15 * 1024 * 1024)}], "has_next": True}
            made.site.instead["/rest/thread/x"] = pages(*({**page, "end_cursor": str(n)} for n in range(6)))
            error = await refused(thread(made.service, "x"))
            assert (error.status, len(made.site.calls())) == (502, 5)

    run(main())


@pytest.mark.parametrize("document", [[], {}, {"entries": {}}, {"status": "failed", "entries": None}], ids=repr)
def test_what_is_no_thread(tmp_path: Path, document: Any) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead["/rest/thread/x"] = pages(document)
            error = await refused(thread(made.service, "x"))
            assert (error.status, error.kind) == (502, "pplx_bad_answer")

    run(main())


def test_a_thread_that_does_not_exist(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            error = await refused(thread(made.service, "a..%2Fé"))
            assert (error.status, error.kind) == (404, "pplx_not_found")
            assert "This thread does not exist." in error.message
            (call,) = made.site.calls()
            assert call.target.startswith(b"/rest/thread/a..%252F%C3%A9?")

    run(main())


def test_a_page_that_fails_fails_the_thread(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            first = json_reply({"entries": [ENTRY], "has_next": True, "end_cursor": "1"})
            made.site.instead["/rest/thread/x"] = [first, json_reply({"detail": "Slow."}, 429)]
            assert (await refused(thread(made.service, "x"))).status == 429

    run(main())


@pytest.mark.parametrize(
    "text", ["", " ", ".", "..", "a\nb", "https://", "https://www.perplexity.ai/", "http://[::1", "x" * 301]
)
def test_what_is_no_name_of_a_thread(text: str) -> None:
    with pytest.raises(SiteError) as caught:
        slug_of(text)
    assert (caught.value.status, caught.value.kind) == (400, "pplx_invalid_thread")


UNUSABLE: dict[str, list[dict[str, Any]]] = {
    "no entries": [],
    "no entry": [ENTRY, ENTRY | {"backend_uuid": None}],
    "no context": [ENTRY | {"context_uuid": ""}],
    "odd ids": [{"backend_uuid": 3, "context_uuid": []}],
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_entries_that_cannot_be_gone_on_with(case: str) -> None:
    with pytest.raises(SiteError) as caught:
        newest(UNUSABLE[case])
    assert (caught.value.status, caught.value.kind) == (502, "pplx_bad_answer")


def test_ids_by_another_name_and_without_a_token() -> None:
    assert newest([{"uuid": "b", "context_uuid": "c"}]) == {
        "backend_uuid": "b", "context_uuid": "c", "read_write_token": "", "thread_url_slug": "", "thread_title": "",
    }  # fmt: skip
