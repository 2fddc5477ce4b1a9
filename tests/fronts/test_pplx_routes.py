"""Threads and quota over the control socket of a real daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.perplexity.account import configured, tides
from tests.support.perplexity.quota import QUOTA
from tests.support.perplexity.server import TOKEN, PerplexitySite


@pytest.fixture(scope="module")
def shared_site() -> Iterator[PerplexitySite]:
    made = PerplexitySite()
    yield made
    made.stop()


@pytest.fixture
def site(shared_site: PerplexitySite) -> PerplexitySite:
    shared_site.reset()
    return shared_site


@pytest.fixture(scope="module")
def daemon(shared_site: PerplexitySite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon({"providers": {"px": configured(shared_site, tmp_path_factory.mktemp("tokens"))}}) as made:
        yield made


def asked(daemon: Daemon, path: str, method: str = "GET", **query: Any) -> Any:
    return daemon.control(method, f"/pplx/{path}?{urlencode(query)}")


def test_the_quota_is_kept_for_a_minute(site: PerplexitySite, tokens: Path, start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"providers": {"px": configured(site, tokens)}})
    site.quota = {**QUOTA, "remaining_pro": 12}
    assert asked(daemon, "quota") == {"provider": "px", "quota": site.quota}
    site.quota = {**QUOTA, "remaining_pro": 11}
    assert asked(daemon, "quota")["quota"]["remaining_pro"] == 12
    assert len(site.calls("/rest/rate-limit")) == 1


def test_threads_are_listed_and_searched(daemon: Daemon, site: PerplexitySite) -> None:
    made = [site.library.grown({f"question {n}": "answer"}) for n in range(60)]
    found = asked(daemon, "threads", limit=55)["threads"]
    assert [each["slug"] for each in found] == [each.slug for each in reversed(made)][:55]
    assert found[0]["url"] == f"https://www.perplexity.ai/search/{made[-1].slug}"
    assert [each["title"] for each in asked(daemon, "threads", search="question 42")["threads"]] == ["question 42"]
    assert asked(daemon, "threads", search="no such thing")["threads"] == []
    assert len(asked(daemon, "threads")["threads"]) == 20


def test_a_thread_and_its_page(daemon: Daemon, site: PerplexitySite) -> None:
    thread = tides(site)
    found = asked(daemon, "thread", slug=thread.slug, citations="clean", reasoning="true")
    assert [each["question"] for each in found["entries"]] == [each.query for each in thread.entries]
    assert [each["id"] for each in found["entries"]] == [each.backend_uuid for each in thread.entries]
    assert "Goal 1" in found["entries"][1]["reasoning"]
    assert asked(daemon, "thread", slug=thread.slug)["entries"][1]["reasoning"] == ""
    page = asked(daemon, "export", slug=thread.context_uuid)
    assert page["slug"] == thread.slug
    assert page["markdown"].startswith("# How do tides work?\n")


def test_no_answer_tells_a_token(daemon: Daemon, site: PerplexitySite) -> None:
    thread = tides(site)
    targets = [f"thread?slug={thread.slug}", f"export?slug={thread.slug}", "threads", "quota", "thread?slug=none"]
    told = [daemon.control_bytes("GET", f"/pplx/{target}").decode() for target in targets]
    told.append(daemon.control_bytes("DELETE", f"/pplx/thread?slug={thread.slug}").decode())
    secrets = [TOKEN, "read_write_token", *(each.write_token for each in thread.entries)]
    assert not [secret for secret in secrets for text in told if secret in text]


def test_one_entry_is_deleted_and_then_the_rest(daemon: Daemon, site: PerplexitySite) -> None:
    thread, other = tides(site), site.library.grown({"another": "answer"})
    first, second = [each.backend_uuid for each in thread.entries]
    assert asked(daemon, "thread", "DELETE", slug=thread.slug, entry=first)["deleted"] == [first]
    assert [each.backend_uuid for each in thread.entries] == [second]
    assert asked(daemon, "thread", "DELETE", slug=thread.slug)["deleted"] == [second]
    assert site.library.threads == [other]


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "said"),
    [
        ("GET", "thread", {"slug": "none"}, 404, "does not exist"),
        ("GET", "thread", {}, 400, "not the name of a thread"),
        ("GET", "thread", {"slug": "x", "citations": "loud"}, 400, "markdown, default, clean"),
        ("GET", "export", {"slug": "x", "reasoning": "perhaps"}, 400, "true or false"),
        ("GET", "threads", {"limit": 0}, 400, "from 1 to 1000"),
        ("GET", "threads", {"limit": "many"}, 400, "from 1 to 1000"),
        ("GET", "quota", {"provider": "nobody"}, 400, "nobody"),
        ("DELETE", "thread", {"slug": "none"}, 404, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_told(
    daemon: Daemon, site: PerplexitySite, method: str, path: str, query: dict[str, Any], status: int, said: str
) -> None:
    told = json.loads(daemon.control_bytes(method, f"/pplx/{path}?{urlencode(query)}"))
    assert set(told) == {"error", "fix", "kind", "status"}
    assert told["status"] == status
    assert said in told["error"]


def test_an_entry_that_is_none_of_the_thread_s_deletes_nothing(daemon: Daemon, site: PerplexitySite) -> None:
    thread, other = tides(site), site.library.grown({"another": "answer"})
    told = asked(daemon, "thread", "DELETE", slug=thread.slug, entry=other.entries[0].backend_uuid)
    assert told["status"] == 404
    assert site.calls(method="DELETE") == []
