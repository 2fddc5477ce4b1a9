"""Members of a JSON document by their dotted paths."""

from __future__ import annotations

from typing import Any

type Document = dict[str, Any]


def find(document: object, path: str) -> Any:
    """The member at a path such as `tokens.access_token`; None if there is none."""
    for name in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def text_at(document: object, path: str) -> str | None:
    """The text at a path, None if there is none or it is empty."""
    found = find(document, path)
    return found if isinstance(found, str) and found.strip() else None


def changed(document: object, path: str, value: Any) -> Document:
    """A copy with another member at a path; what stands in the way and is no object becomes one."""
    name, _, rest = path.partition(".")
    before = document if isinstance(document, dict) else {}
    return {**before, name: changed(before.get(name), rest, value) if rest else value}
