"""`GET /pplx/messages/{id}` of a real daemon: a thread as messages, for those who may have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Daemon
from tests.support.perplexity import answers
from tests.support.perplexity.account import configured, tides
from tests.support.perplexity.server import PerplexitySite
from tests.support.ports import free_port

KEY = b"sk-ant-oat-ccproxy-"


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
    folder = tmp_path_factory.mktemp("tokens")
    gone = {**configured(shared_site, folder), "base_url": f"http://127.0.0.1:{free_port()}"}
    locked = {**configured(shared_site, folder), "auth": "echo the vault is locked >&2; exit 3"}
    others = {"claude": provider("anthropic", shared_site.url), "gone": gone, "locked": locked}
    with Daemon({"providers": {"px": configured(shared_site, folder), **others}}) as made:
        yield made


def of(slug: str, query: str = "") -> str:
    return f"/pplx/messages/{quote(slug, safe='')}?provider=px{query}"


def error(answer: Any) -> tuple[int, str, str]:
    told = answer.json()["error"]
    return answer.status, told["code"], told["message"]


def test_a_thread_as_messages(daemon: Daemon, site: PerplexitySite) -> None:
    thread = tides(site)
    answer = daemon.ask("GET", of(thread.slug))
    assert answer.status == 200
    assert set(answer.json()) == {"messages", "metadata", "thread_info"}
    assert answer.json()["metadata"] == {"session_id": thread.slug}
    assert answer.json()["thread_info"] == {
        "slug": thread.slug, "context_uuid": thread.context_uuid, "title": thread.title, "entry_count": 2,
    }  # fmt: skip
    assert [each["role"] for each in answer.json()["messages"]] == ["user", "assistant"] * 2
    assert answer.json()["messages"][0]["content"] == "How do tides work?"
    assert answer.json()["messages"][1] == {"role": "assistant", "content": "The moon pulls."}
    assert answer.json()["messages"][2]["content"].endswith("\n\nAttachments:\n- https://files.example/a.pdf")
    assert site.refusals == []


@pytest.mark.parametrize(
    ("mode", "said"),
    [("markdown", "known [1](https://pages.example/1?"), ("default", "known [1]."), ("clean", "is known. Fact 2")],
)
def test_citation_modes(daemon: Daemon, site: PerplexitySite, mode: str, said: str) -> None:
    answer = daemon.ask("GET", of(tides(site).slug, f"&citation_mode={mode}"))
    assert said in answer.json()["messages"][3]["content"]


def test_reasoning_is_told_if_it_is_asked_for(daemon: Daemon, site: PerplexitySite) -> None:
    slug = tides(site).slug
    with_it = daemon.ask("GET", of(slug, "&include_reasoning=true")).json()["messages"][3]
    without = daemon.ask("GET", of(slug)).json()["messages"][3]
    assert "Goal 1" in with_it.pop("reasoning_content")
    assert with_it == without


def test_threads_of_many_pages_are_whole(daemon: Daemon, site: PerplexitySite) -> None:
    thread = site.library.grown({f"question {n}": f"answer {n}" for n in range(7)})
    site.paging.most = 2
    answer = daemon.ask("GET", of(thread.slug))
    assert [each["content"] for each in answer.json()["messages"]] == [
        f"{what} {n}" for n in range(7) for what in ("question", "answer")
    ]


def test_tokens_are_not_told(daemon: Daemon, site: PerplexitySite) -> None:
    thread = tides(site)
    body = daemon.ask("GET", of(thread.slug)).body.decode()
    assert not [each.write_token for each in thread.entries if each.write_token in body]


@pytest.mark.parametrize("field", [b"x-api-key: ", b"authorization: Bearer "])
def test_the_key_says_whose_account(daemon: Daemon, site: PerplexitySite, field: bytes) -> None:
    target = f"/pplx/messages/{tides(site).slug}"
    name, _, scheme = field.partition(b": ")
    assert daemon.ask("GET", target, [(name, scheme + KEY + b"px")]).status == 200
    undecided = daemon.ask("GET", target, [(name, scheme + KEY + b"claude")])
    assert (undecided.status, b"px, gone, locked" in undecided.body) == (400, True)
    assert b"?provider=NAME" in undecided.body
    assert daemon.ask("GET", f"{target}?key={KEY.decode()}px").status == 200


@pytest.mark.parametrize(
    ("target", "status", "code", "said"),
    [
        (of("no-such-thread"), 404, "pplx_not_found", "This thread does not exist"),
        (of(".."), 400, "pplx_invalid_thread", "not the name of a thread"),
        ("/pplx/messages/", 400, "pplx_invalid_thread", "not the name of a thread"),
        (of("a/../../b"), 400, "pplx_invalid_thread", "not the name of a thread"),
        (of("a b"), 400, "pplx_invalid_thread", "not the name of a thread"),
        (of("a?b=c"), 400, "pplx_invalid_thread", "not the name of a thread"),
        (of("x", "&citation_mode=loud"), 400, "invalid_request", "citation_mode is one of markdown, default, clean"),
        (of("x", "&include_reasoning=perhaps"), 400, "invalid_request", "include_reasoning is true or false"),
        (of("x", "&citations=clean"), 400, "invalid_request", "no parameter 'citations'; there are citation_mode"),
        (of("x", "&reasoning"), 400, "invalid_request", "no parameter 'reasoning'"),
        (of("x", "&x=1" * 30), 400, "invalid_request", "more than 20 parameters"),
        ("/pplx/messages/x?provider=nobody", 400, "invalid_request", "nobody"),
        ("/pplx/messages/x?provider=claude", 400, "invalid_request", "claude"),
        ("/pplx/messages/x?provider=gone", 502, "pplx_fetch_error", "connect"),
        ("/pplx/messages/x?provider=locked", 503, "pplx_unavailable", "the vault is locked"),
    ],
)
def test_what_cannot_be_had(
    daemon: Daemon, site: PerplexitySite, target: str, status: int, code: str, said: str
) -> None:
    if target.startswith("/pplx/messages/?"):
        target += "provider=px"
    answered = error(daemon.ask("GET", target if "?" in target else f"{target}?provider=px"))
    assert answered[:2] == (status, code)
    assert said in answered[2]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_the_site_s_own_status_is_kept(daemon: Daemon, site: PerplexitySite, status: int) -> None:
    refused = answers.refusal(status, "not now", (b"Retry-After", b"7")).script
    site.instead["/rest/thread/x"] = [refused] * 2
    answer = daemon.ask("GET", of("x"))
    assert error(answer)[0] == status
    assert "not now" in error(answer)[2]
    assert answer.field("retry-after") == b"7"


@pytest.mark.parametrize("cursor", ["none", "same"])
def test_a_thread_that_does_not_end_is_an_error(daemon: Daemon, site: PerplexitySite, cursor: str) -> None:
    site.paging.most, site.paging.cursor = 1, cursor
    assert error(daemon.ask("GET", of(tides(site).slug)))[:2] == (502, "pplx_bad_answer")


def test_other_methods_and_other_paths(daemon: Daemon) -> None:
    refused = daemon.ask("POST", "/pplx/messages/x", [], b"{}")
    assert (refused.status, refused.field("allow")) == (405, b"GET")
    assert daemon.ask("GET", "/pplx/other").status == 501


@pytest.mark.parametrize("header", [(b"Origin", b"https://evil.example"), (b"Sec-Fetch-Site", b"cross-site")])
def test_web_pages_elsewhere_get_nothing(daemon: Daemon, site: PerplexitySite, header: tuple[bytes, bytes]) -> None:
    assert daemon.ask("GET", of(tides(site).slug), [header]).status == 403
    assert site.calls() == []


def bearer(daemon: Daemon, slug: str, *fields: bytes) -> Any:
    return daemon.ask("GET", f"/pplx/messages/{slug}", [(b"Authorization", each) for each in fields])


def test_w_sec_6_a_name_that_may_be_anybody_s_gets_nothing_without_a_key(daemon: Daemon, site: PerplexitySite) -> None:
    """A web site can have its own name lead here, and its page would be of the same origin."""
    path, key = of(tides(site).slug), {"Authorization": f"Bearer {KEY.decode()}px"}
    with httpx.Client(base_url=daemon.url, headers={"Host": "threads.evil.example:4000"}) as rebound:
        refused = rebound.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "foreign_host")
        assert not site.calls()
        assert rebound.get(path, headers=key).status_code == 200


def test_w_sec_10_the_token_of_the_mcp_server_is_needed_where_there_is_one(
    site: PerplexitySite, tokens: Path, start_daemon: StartDaemon
) -> None:
    (tokens / "mcp").write_text("open-sesame")
    auth = {"type": "file", "file": str(tokens / "mcp")}
    daemon = start_daemon({"providers": {"px": configured(site, tokens)}, "mcp": {"http": {"auth": auth}}})
    slug = tides(site).slug
    for fields in ((), (b"Bearer open-sesam",), (b"Bearer",), (b"Basic open-sesame",), (b"Bearer open-sesame2",)):
        refused = bearer(daemon, slug, *fields)
        assert error(refused)[:2] == (401, "auth_error")
        assert refused.field("www-authenticate") == b"Bearer"
    assert site.calls() == []
    assert bearer(daemon, slug, b"Bearer open-sesame").status == 200
    assert bearer(daemon, slug, b"bearer  open-sesame").status == 200


@pytest.mark.parametrize("source", ["true", "exit 3"])
def test_w_sec_10_a_token_that_cannot_be_had_lets_nobody_in(
    site: PerplexitySite, tokens: Path, start_daemon: StartDaemon, source: str
) -> None:
    daemon = start_daemon(
        {"providers": {"px": configured(site, tokens)}, "mcp": {"http": {"auth": {"command": source}}}}
    )
    for fields in ((), (b"Bearer ",), (b"Bearer x",)):
        assert error(bearer(daemon, tides(site).slug, *fields))[:2] == (503, "auth_error")
    assert site.calls() == []


def test_without_such_a_provider_it_says_so(start_daemon: StartDaemon) -> None:
    answer = start_daemon({"providers": {"sim": {"type": "simulator"}}}).ask("GET", "/pplx/messages/x")
    assert error(answer)[:2] == (503, "pplx_unavailable")
