"""docs/credentials.md: its examples load, its tables name every key with its default, its commands can be typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ccproxy.auth import build_source
from ccproxy.config import load_config
from ccproxy.config.credentials import KINDS, AuthKnobs
from tests.docs.pages import blocks, commands
from tests.support.daemon import Home

PAGE = Path(__file__).parents[2] / "docs" / "credentials.md"
EXAMPLES = blocks("yaml", PAGE)
OAUTH = ("anthropic_oauth", "google_oauth", "codex_oauth")
NOTHING = "\u2013"
SIMPLE = ("command", "file")


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the tables under a heading, by their first one."""
    text = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    return {cells[0].strip("`| "): cells[1:] for cells in lines}


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_loads(tmp_path: Path, text: str) -> None:
    (tmp_path / "ccproxy.yaml").write_text(text)
    config = load_config(None, tmp_path, {})
    sources = [build_source(provider.auth, config.auth) for provider in config.providers.values()]
    assert all(source is not None for source in sources)
    assert sources or config.auth != AuthKnobs()


def test_there_is_an_example_of_each_kind(tmp_path: Path) -> None:
    text = "\n".join(EXAMPLES)
    assert all(f"type: {kind}" in text for kind in (*OAUTH, "google_auth"))
    assert "auth: printenv" in text
    assert "file: " in text


def test_every_key_of_a_login_is_there_with_its_default() -> None:
    table = rows("Every key")
    for column, kind in enumerate(OAUTH):
        for name, field in KINDS[kind].model_fields.items():
            if name != "type":
                assert shown(table[name][column]) in told(field.is_required(), field.default), (kind, name)
        absent = set(table) - set(KINDS[kind].model_fields) - set(AuthKnobs.model_fields)
        assert all(table[name][column] in (NOTHING, "required") for name in absent & members()), kind


def members() -> set[str]:
    return {name for kind in OAUTH for name in KINDS[kind].model_fields}


def shown(cell: str) -> str:
    return cell.strip("`")


def told(required: bool, default: Any) -> tuple[str, ...]:
    """How a default may be shown. Ids and scopes are told by whose they are."""
    if required:
        return ("required",)
    if isinstance(default, str) and (len(default) > 60 or re.fullmatch(r"(app_)?[\w-]{24,}", default)):
        return "Claude Code's", "Codex's", "Gemini CLI's"
    return ("null",) if default is None else (str(default),)


@pytest.mark.parametrize("kind", SIMPLE)
def test_every_key_of_the_simple_kinds_is_there(kind: str) -> None:
    table = rows("Every key")
    assert set(KINDS[kind].model_fields) <= set(table)
    assert "`300.0`" in table["max_age_seconds"]


def test_every_key_of_googles_files_is_there_with_its_default() -> None:
    section = PAGE.read_text().partition("\nFor `google_auth`:\n")[2].partition("\nFor ")[0]
    table = {line.split("`")[1]: line.split(" | ")[1] for line in section.splitlines() if line.startswith("| `")}
    assert table.pop("header") == table.pop("file") == "null"
    assert table == {"scopes": f"`[{', '.join(KINDS['google_auth']().scopes)}]`"}  # type: ignore[attr-defined]


def test_every_knob_is_there_with_its_default() -> None:
    table = rows("Every key")
    for name, value in AuthKnobs():
        assert table[name][0] == f"`{value}`"


def test_what_is_typed_can_be_typed(home: Home) -> None:
    openai = {"type": "openai", "base_url": "http://127.0.0.1:9"}
    (key := home.root / "key").write_text("T")
    home.write(
        {"providers": {"claude": {**openai, "auth": "echo T"}, "openai": {**openai, "auth": {"file": str(key)}}}}
    )
    for line in commands(PAGE):
        program, *arguments = line.split()
        assert program == "ccproxy"
        assert home.run(*arguments, stdin="T").returncode == 0, line


def test_links_lead_somewhere() -> None:
    text = PAGE.read_text()
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors
