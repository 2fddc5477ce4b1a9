from __future__ import annotations

from pathlib import Path

from ccproxy.jail.trust import ADDING, IF_NAMED, REPLACING

PAGE = Path(__file__).parents[3] / "docs/trust.md"


def test_the_page_names_every_variable() -> None:
    rows = "".join(line for line in PAGE.read_text().splitlines() if line.startswith("|"))
    assert [name for name in (*REPLACING, *ADDING, *IF_NAMED) if name not in rows] == []
