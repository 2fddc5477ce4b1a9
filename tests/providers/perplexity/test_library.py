"""The account's threads: which there are, and what can be done with them; and how much may still be asked for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.providers.perplexity.library import delete, recent, rename, threads
from ccproxy.providers.perplexity.quota import quota
from ccproxy.providers.perplexity.threads import Thread, thread
from tests.providers.perplexity.house import House, house, refused, run
from tests.support.perplexity.quota import QUOTA
from tests.support.replies import json_reply, reply

LIST, DELETE, LIMITS = "/rest/thread/list_ask_threads", "/rest/thread", "/rest/rate-limit/all"


def grown(made: House, count: int) -> None:
    for number in range(count):
        made.site.library.grown({f"Question {number}": "a", "more": "b"})


# -- lists


@pytest.mark.parametrize("limit", [1, 20, 50, 51, 120, 1000])
def test_as_many_as_are_wanted_the_newest_first(tmp_path: Path, limit: int) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            grown(made, 110)
            found = await threads(made.service, limit=limit)
            assert [each["title"] for each in found] == [f"Question {n}" for n in range(109, -1, -1)][:limit]
            assert made.site.refusals == []
            asked = [json.loads(call.body) for call in made.site.calls(LIST)]
            assert sum(each["limit"] for each in asked) <= max(limit, 150)

    run(main())


def test_what_is_told_of_a_thread(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            kept = made.site.library.grown({"Tides?": "Moon."})
            told = {"slug": kept.slug, "title": "Tides?", "context_uuid": kept.context_uuid}
            assert await threads(made.service) == [told | {"updated": "2026-01-01T10:00:00.000Z"}]
            assert await recent(made.service) == await threads(made.service)

    run(main())


def test_threads_are_searched(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            grown(made, 12)
            assert [each["title"] for each in await threads(made.service, "question 1")] == [
                "Question 11", "Question 10", "Question 1",
            ]  # fmt: skip
            assert await threads(made.service, "é\"'") == []
            assert (await refused(threads(made.service, "\udcff"))).status == 400

    run(main())


@pytest.mark.parametrize("document", [{}, "x", {"threads": {}}, None], ids=repr)
def test_what_is_no_list(tmp_path: Path, document: Any) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIST] = [json_reply(document)]
            error = await refused(threads(made.service))
            assert (error.status, error.kind) == (502, "pplx_bad_answer")

    run(main())


def test_a_list_of_odd_things(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIST] = [json_reply({"threads": [3, {"slug": 1, "uuid": "u", "title": None}]})]
            assert await threads(made.service) == [{"slug": "u", "title": "", "context_uuid": "", "updated": ""}]

    run(main())


# -- changes


async def one(made: House) -> Thread:
    kept = made.site.library.grown({"a": "1", "b": "2", "c": "3"})
    return await thread(made.service, kept.slug)


def test_another_title(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            await rename(made.service, await one(made), "Née")
            assert made.site.library.threads[0].title == "Née"
            assert made.site.refusals == []

    run(main())


def test_a_thread_is_deleted_as_a_whole(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            grown(made, 1)
            found = await one(made)
            assert len(await delete(made.service, found)) == 3
            assert [each.title for each in made.site.library.threads] == ["Question 0"]
            assert made.site.refusals == []
            assert (await refused(delete(made.service, found))).status == 404

    run(main())


def test_one_entry_is_deleted(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            found = await one(made)
            second = found.entries[1]["backend_uuid"]
            assert await delete(made.service, found, second) == [second]
            (left,) = made.site.library.threads
            assert [each.query for each in left.entries] == ["a", "c"]
            error = await refused(delete(made.service, found, "another"))
            assert (error.status, error.kind) == (404, "pplx_not_found")
            assert len(made.site.calls(DELETE, "DELETE")) == 1

    run(main())


def test_a_thread_that_is_not_the_accounts_to_change(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            foreign = Thread("x", "", "c", ({"backend_uuid": "b", "context_uuid": "c"},))
            error = await refused(delete(made.service, foreign))
            assert (error.status, error.kind, made.site.calls()) == (403, "pplx_forbidden", [])

    run(main())


UNDONE: dict[str, tuple[Any, int, str]] = {
    "refused": (json_reply({"error_code": "NOT_YOURS", "error_message": "No."}, 403), 403, "No."),
    "failed": (json_reply({"status": "failed", "error_message": "No."}), 502, "Perplexity has not done it: No."),
    "failed without words": (json_reply({"status": "FAILED"}), 502, "Perplexity has not done it"),
    "a page": (reply(200, [(b"Content-Type", b"text/html")], b"<html>"), 502, "no JSON"),
}


@pytest.mark.parametrize("case", UNDONE)
def test_what_was_not_done_is_an_error(tmp_path: Path, case: str) -> None:
    script, status, words = UNDONE[case]

    async def main() -> None:
        async with house(tmp_path) as made:
            found = await one(made)
            made.site.instead[DELETE] = [script]
            error = await refused(delete(made.service, found))
            assert error.status == status
            assert words in error.message

    run(main())


def test_an_answer_without_words_is_a_good_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            found = await one(made)
            made.site.instead[DELETE] = [reply(204, [], b"")]
            assert len(await delete(made.service, found)) == 3

    run(main())


# -- quota


def test_quota_is_asked_for_once_a_minute(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            assert await quota(made.service) == QUOTA
            made.site.quota["remaining_pro"] = 3
            made.hands.passed += 59
            assert (await quota(made.service))["remaining_pro"] == 287
            assert (await quota(made.service, refresh=True))["remaining_pro"] == 3
            made.site.quota["remaining_pro"] = 2
            made.hands.passed += 59
            assert (await quota(made.service))["remaining_pro"] == 3
            made.hands.passed += 2
            assert (await quota(made.service))["remaining_pro"] == 2
            assert len(made.site.calls(LIMITS)) == 3

    run(main())


def test_those_who_ask_together_ask_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            told = await asyncio.gather(*(quota(made.service) for _ in range(5)))
            assert told == [QUOTA] * 5
            assert len(made.site.calls(LIMITS)) == 1

    run(main())


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            made.site.instead[LIMITS] = [json_reply({"detail": "x"}, 500)]
            assert (await refused(quota(made.service))).status == 500
            assert (await quota(made.service))["remaining_pro"] == 287

    run(main())


def test_of_odd_quota_nothing_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as made:
            odd: dict[str, Any] = {"remaining_pro": "many", "remaining_labs": True, "remaining_research": 2.0}
            odd |= {"model_specific_limits": [], "sources": {"source_to_limit": {"web": 3, "edgar": {"remaining": 1}}}}
            made.site.instead[LIMITS] = [json_reply(odd)]
            assert await quota(made.service) == {
                "remaining_pro": None,
                "remaining_research": 2,
                "remaining_labs": None,
                "remaining_agentic_research": None,
                "model_specific_limits": {},
                "sources": {"source_to_limit": {"edgar": {"monthly_limit": None, "remaining": 1}}},
            }

    run(main())
