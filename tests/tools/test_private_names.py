"""No module imports a private name, of ours or of anybody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "ccproxy"


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module and name that a source imports, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names)


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def test_nothing_private_is_imported() -> None:
    files = sorted(SOURCES.rglob("*.py"))
    assert files
    found = [
        f"{file.relative_to(SOURCES)}:{line}: {name}"
        for file in files
        for line, name in imported(ast.parse(file.read_text()))
        if is_private(name)
    ]
    assert found == []
