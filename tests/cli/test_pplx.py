"""`ccproxy pplx`, with a daemon and without one, before a stand-in for the site."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Home
from tests.support.perplexity import answers
from tests.support.perplexity.account import CONTROLS, configured, hostile, tides
from tests.support.perplexity.quota import QUOTA
from tests.support.perplexity.server import PerplexitySite
from tests.support.ports import free_port


@pytest.fixture
def site() -> Iterator[PerplexitySite]:
    made = PerplexitySite()
    yield made
    made.stop()


@pytest.fixture(params=["daemon", "alone"])
def user(
    request: pytest.FixtureRequest, site: PerplexitySite, tokens: Path, start_daemon: StartDaemon
) -> Iterator[Home]:
    """Somebody with an account, whose daemon runs or does not."""
    config = {"providers": {"px": configured(site, tokens)}}
    if request.param == "daemon":
        yield start_daemon(config).home
        return
    home = Home()
    home.write(config)
    yield home
    home.remove()


@pytest.fixture
def alone(home: Home, site: PerplexitySite, tokens: Path) -> Home:
    """The same without a daemon."""
    home.write({"providers": {"px": configured(site, tokens)}})
    return home


def done(home: Home, *arguments: str) -> str:
    ran = home.run("pplx", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def told(home: Home, *arguments: str) -> Any:
    return json.loads(done(home, *arguments, "--json"))


def failed(home: Home, *arguments: str) -> str:
    ran = home.run("pplx", *arguments)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_quota(user: Home, site: PerplexitySite) -> None:
    lines = [line.split("  ") for line in done(user, "quota").splitlines()]
    assert [cells[0] for cells in lines] == [
        *("WHAT", "Pro search", "Deep Research", "Labs", "agentic research"),
        *("model claude46sonnet", "source scholar"),
    ]
    assert [cell.strip() for cell in lines[-1] if cell] == ["source scholar", "191", "200", "month"]
    assert told(user, "quota") == {"provider": "px", "quota": QUOTA}
    assert site.refusals == []


def test_threads(user: Home, site: PerplexitySite) -> None:
    for number in range(3):
        site.library.grown({f"Question {number}": "answer"})
    newest_first = [each.slug for each in reversed(site.library.threads)]
    assert [line.split()[-1] for line in done(user, "threads").splitlines()[1:]] == newest_first
    assert [each["slug"] for each in told(user, "threads", "--limit", "2")["threads"]] == newest_first[:2]
    assert [each["title"] for each in told(user, "threads", "--search", "question 1")["threads"]] == ["Question 1"]
    nothing = user.run("pplx", "threads", "--search", "no such thing")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "'no such thing'" in nothing.stderr
    assert site.refusals == []


def test_show(user: Home, site: PerplexitySite) -> None:
    thread = tides(site)
    page = done(user, "show", thread.slug)
    for text in ("> How do tides work?", "The moon pulls.", "with https://files.example/a.pdf", "Fact 1 is known [1]."):
        assert text in page
    assert "[2] Page 2  https://pages.example/2?q=a&b=é" in page
    assert "Goal 1" not in page
    assert "Goal 1" in done(user, "show", f"https://www.perplexity.ai/search/{thread.slug}?x=1", "--reasoning")
    entries = told(user, "show", thread.slug)["entries"]
    assert [each["question"] for each in entries] == [each.query for each in thread.entries]
    assert "[1](https://pages.example/1?" in entries[1]["answer"]
    assert site.refusals == []


def test_export_names_the_file_after_the_thread(user: Home, site: PerplexitySite) -> None:
    slug = tides(site).slug
    ran = user.run("pplx", "export", slug)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "wrote how-do-tides-work.md\n")
    file = user.root / "home" / "how-do-tides-work.md"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("# How do tides work?\n\n<https://www.perplexity.ai/search/")
    assert file.read_text() == done(user, "export", slug, "-o", "-")


def test_export_replaces_nothing_by_itself(alone: Home, site: PerplexitySite) -> None:
    slug, file = tides(site).slug, alone.root / "home" / "mine.md"
    file.write_text("mine")
    (alone.root / "home" / "how-do-tides-work.md").write_text("mine, too")
    for options in (["-o", "mine.md"], []):
        assert "--force replaces it" in failed(alone, "export", slug, *options)
    assert file.read_text() == "mine"
    assert alone.run("pplx", "export", slug, "-o", "mine.md", "--force").returncode == 0
    assert "The moon pulls." in file.read_text()
    assert "cannot be written" in failed(alone, "export", slug, "-o", "no/such/folder.md")


def test_export_has_citations_and_reasoning_as_they_are_wanted(alone: Home, site: PerplexitySite) -> None:
    slug = tides(site).slug
    assert "is known [1](https://pages" in done(alone, "export", slug, "-o", "-")
    clean = done(alone, "export", slug, "-o", "-", "--citations", "clean", "--reasoning")
    assert "Fact 1 is known. Fact 2" in clean
    assert "> Goal 1" in clean


def test_what_the_site_tells_does_nothing_to_the_terminal(user: Home, site: PerplexitySite) -> None:
    slug = hostile(site).context_uuid
    site.quota = {**QUOTA, "model_specific_limits": {"\x1b[2J": 1}}
    site.instead["/rest/thread/x"] = [answers.refusal(404, "\x1b[31mno\r\nno").script]
    commands = [
        *(["quota"], ["quota", "--json"], ["threads"], ["threads", "--json"], ["show", "x"]),
        *(["show", slug], ["show", slug, "--json"], ["export", slug, "-o", "-"], ["export", slug]),
        *(["delete", slug], ["delete", slug, "--yes"]),
    ]
    for command in commands:
        ran = user.run("pplx", *command)
        assert "Traceback" not in ran.stderr
        assert not [each for each in CONTROLS if each in ran.stdout + ran.stderr], command
    (file,) = (user.root / "home").glob("*.md")
    assert file.name == "how-do-0-owned-tides-31m-work-2j.md"
    assert not [each for each in CONTROLS if each in file.read_bytes().decode()]


@pytest.mark.parametrize(
    ("status", "said"), [(401, "auth store"), (403, "may not"), (429, "not now"), (500, "not now")]
)
def test_refusals_of_the_site_are_told(user: Home, site: PerplexitySite, status: int, said: str) -> None:
    site.instead["/rest/rate-limit/all"] = [answers.refusal(status, "not now").script] * 2
    words = failed(user, "quota")
    assert f"answered {status}" in words
    assert said in words


def test_a_page_in_place_of_an_answer_is_explained(alone: Home, site: PerplexitySite) -> None:
    site.instead["/rest/rate-limit/all"] = [answers.challenge("no browser").script]
    assert "fingerprint_profile" in failed(alone, "quota")


def test_what_does_not_exist(user: Home) -> None:
    assert "`ccproxy pplx threads` shows those there are" in failed(user, "show", "no-such-thread")


@pytest.mark.parametrize("name", ["two words", "a/b", "a?b", "a#b", "."])
def test_what_is_no_slug_is_not_asked_for(alone: Home, site: PerplexitySite, name: str) -> None:
    assert f"{name!r} is not the name of a thread" in failed(alone, "show", name)
    assert site.calls() == []


def test_nobody_answers(alone: Home, site: PerplexitySite, tokens: Path) -> None:
    alone.write({"providers": {"px": {**configured(site, tokens), "base_url": f"http://127.0.0.1:{free_port()}"}}})
    assert "connect" in failed(alone, "quota")


def test_no_session(alone: Home, site: PerplexitySite, tokens: Path) -> None:
    (tokens / "perplexity.session").unlink()
    assert "no credential for provider 'px'" in failed(alone, "quota")


def test_which_provider(alone: Home, site: PerplexitySite, tokens: Path) -> None:
    two = dict.fromkeys(("px", "other"), configured(site, tokens))
    alone.write({"providers": {**two, "claude": provider("anthropic", site.url)}})
    words = failed(alone, "quota")
    assert "px, other" in words
    assert "`--provider NAME`" in words
    assert told(alone, "quota", "--provider", "other")["provider"] == "other"
    assert "px, other" in failed(alone, "quota", "--provider", "claude")
    alone.write({"providers": {"claude": provider("anthropic", site.url)}})
    words = failed(alone, "threads")
    assert "there is no provider of type perplexity_pro" in words
    assert "`type: perplexity_pro`" in words


@pytest.mark.parametrize(
    "arguments",
    [["show"], ["threads", "-n", "0"], ["threads", "-n", "1001"], ["export", "x", "--citations", "loud"], ["quotas"]],
    ids=" ".join,
)
def test_wrong_usage(alone: Home, site: PerplexitySite, arguments: list[str]) -> None:
    assert alone.run("pplx", *arguments).returncode == 2
    assert site.calls() == []
