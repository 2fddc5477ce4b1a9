"""A thread as a page of Markdown: nothing from the site is more in it than what it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.perplexity.entries import Source
from ccproxy.lightllm.perplexity.thread import Turn
from ccproxy.lightllm.perplexity.transcript import address, linked, markdown, plain

FIRST = Turn("b-1", "How do tides work?\n\n# not a heading", [], "The moon [1](https://p.example/1).", "It thought.",
             "openai/gpt-5.4", "2026-01-01T10:00:00", [Source("https://p.example/1", "The *moon*", "")])  # fmt: skip
SECOND = Turn("b-2", "And this?", ["https://f.example/a b.pdf"], "", "", "", "", [], "try later")

PAGE = """\
# Tides

<https://www.perplexity.ai/search/tides>

---

> How do tides work?
>
> # not a heading

**openai/gpt-5.4** · 2026-01-01T10:00:00

The moon [1](https://p.example/1).

Sources:

1. [The \\*moon\\*](https://p.example/1)

---

> And this?

Attachments:

- [https://f.example/a b.pdf](https://f.example/a%20b.pdf)

**Answer**

*try later*
"""


def test_the_page() -> None:
    assert markdown("Tides", "https://www.perplexity.ai/search/tides", [FIRST, SECOND]) == PAGE


def test_reasoning_is_quoted_if_it_is_wanted() -> None:
    page = markdown("Tides", "", [FIRST], reasoning=True)
    assert "\n\n> It thought.\n\nThe moon" in page
    assert "It thought" not in markdown("Tides", "", [FIRST])


def test_a_thread_without_anything_is_a_page_nevertheless() -> None:
    assert markdown(" \n", "", []) == "# Without a title\n"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "", "//pages.example"]
)
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    assert linked("a page", url) == "a page"


@given(st.text(), st.text())
@settings(max_examples=500)
def test_a_link_ends_where_it_ends(text: str, rest: str) -> None:
    made = linked(text, f"https://{rest}")
    assert re.fullmatch(r"\[(?:[^\[\]\n]|\\[\[\]])*\]\(https://[^\s()<>]*\)", made)


@given(st.text())
def test_plain_text_is_one_line_that_begins_nothing(text: str) -> None:
    assert len(plain(text).splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`\[\]<>#|]", plain(text))


@given(st.text())
def test_an_address_has_no_end_in_it(url: str) -> None:
    assert not re.search(r"[\s()<>\\`]", address(url))
