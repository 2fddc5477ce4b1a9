"""docs/formats.md shows what the code does."""

from __future__ import annotations

from tools.formats_page import PAGE, TABLES, rendered


def test_the_tables_of_the_page_are_what_the_code_does() -> None:
    page = PAGE.read_text()
    assert rendered(page) == page, "run `make tables`"


def test_every_table_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert [name for name in TABLES if f"<!-- {name} -->" not in page] == []
