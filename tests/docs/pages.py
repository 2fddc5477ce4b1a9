"""What a page of the documentation has in its code blocks."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# hooks/(\w+)\.py\n")


def blocks(language: str, page: Path = PAGE) -> list[str]:
    """The code blocks in a language."""
    return [text for name, text in BLOCK.findall(page.read_text()) if name == language]


def examples(page: Path = PAGE) -> dict[str, str]:
    """The files that a page shows, by the names of their modules."""
    found = [(FILE.match(text), text) for text in blocks("python", page)]
    return {name[1]: text for name, text in found if name is not None}


def commands(page: Path = PAGE) -> list[str]:
    """What is typed behind a `$`, without comments."""
    lines = (line for text in blocks("console", page) for line in text.splitlines())
    return [line[2:].partition(" # ")[0].strip() for line in lines if line.startswith("$ ")]
