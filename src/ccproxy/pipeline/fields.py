"""`ctx.headers`: the header fields of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccproxy.exchange import Headers

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access


class Fields:
    """Header fields for one hook: text in and out (latin-1), names in any case, order and duplicates kept."""

    def __init__(self, headers: Headers, access: Access) -> None:
        self._headers, self._access = headers, access

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a field."""
        raise NotImplementedError

    def get_all(self, name: str) -> list[str]:
        """All values of a field, in order."""
        raise NotImplementedError

    def set(self, name: str, value: str) -> None:
        """Gives a field one value, in the place and the case of the first it had; else at the end.

        Raises ValueError for a name or a value that no field can have (RFC 9110 §5), Undeclared.
        """
        raise NotImplementedError

    def add(self, name: str, value: str) -> None:
        """Adds a field beside those of its name. Raises as `set`."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Removes all fields of a name. Raises Undeclared."""
        raise NotImplementedError

    def items(self) -> list[tuple[str, str]]:
        """All fields as they are."""
        raise NotImplementedError

    def __contains__(self, name: object) -> bool:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError
