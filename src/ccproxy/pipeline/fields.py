"""`ctx.headers`: the header fields of a request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccproxy.exchange import Header, Headers

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access

NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A token (RFC 9110 §5.6.2)."""
VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
"""A field value (RFC 9110 §5.5): no control characters, and no blanks around it."""


class Fields:
    """Header fields for one hook: text in and out (latin-1), names in any case, order and duplicates kept."""

    def __init__(self, headers: Headers, access: Access) -> None:
        self._headers, self._access = headers, access

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a field."""
        lower = name.lower()
        self._access.read(f"headers.{lower}")
        wanted = lower.encode("latin-1", "replace")
        for one, value in self._headers:
            if len(one) == len(wanted) and one.lower() == wanted:
                return value.decode("latin-1")
        return default

    def get_all(self, name: str) -> list[str]:
        """All values of a field, in order."""
        self._access.read(f"headers.{name.lower()}")
        return [value.decode("latin-1") for value in (self._headers[at][1] for at in self._places(name))]

    def set(self, name: str, value: str) -> None:
        """Gives a field one value, in the place and the case of the first it had; else at the end.

        Raises ValueError for a name or a value that no field can have (RFC 9110 §5), Undeclared.
        """
        field = checked_field(name, value)
        self._write(name)
        places = self._places(name)
        for at in reversed(places[1:]):
            del self._headers[at]
        if places:
            self._headers[places[0]] = (self._headers[places[0]][0], field[1])
        else:
            self._headers.append(field)

    def add(self, name: str, value: str) -> None:
        """Adds a field beside those of its name, at the end. Raises as `set`."""
        field = checked_field(name, value)
        self._write(name)
        self._headers.append(field)

    def delete(self, name: str) -> None:
        """Removes all fields of a name. Raises Undeclared."""
        places = self._places(name)
        if not places:
            self._access.check(f"headers.{name.lower()}")
            return
        self._write(name)
        for at in reversed(places):
            del self._headers[at]

    def items(self) -> list[tuple[str, str]]:
        """All fields as they are."""
        self._access.read("headers.*")
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        """The names of the fields, as they are."""
        return iter([name for name, _ in self.items()])

    def _places(self, name: str) -> list[int]:
        wanted = name.lower().encode("latin-1", "replace")
        return [at for at, (one, _) in enumerate(self._headers) if one.lower() == wanted]

    def _write(self, name: str) -> None:
        """Before a field is changed. Undone are its own entries only: others may be changed by then, by other hooks."""
        wanted, before = name.lower().encode("latin-1", "replace"), Counter[bytes]()
        own: list[tuple[Counter[bytes], Header]] = []
        for field in self._headers:
            if (lower := field[0].lower()) == wanted:
                own.append((before.copy(), field))
            else:
                before[lower] += 1
        self._access.write(f"headers.{name.lower()}", lambda: self._restore(name, own))

    def _restore(self, name: str, own: list[tuple[Counter[bytes], Header]]) -> None:
        """Puts a field's entries back, each behind as many of the others as it stood behind and are there."""
        for at in reversed(self._places(name)):
            del self._headers[at]
        for before, field in reversed(own):
            self._headers.insert(self._behind(before), field)

    def _behind(self, names: Counter[bytes]) -> int:
        """The first place behind so many fields of these names, or as many as there are."""
        left, place = names.copy(), 0
        for at, (name, _) in enumerate(self._headers, 1):
            if left[name.lower()]:
                left[name.lower()] -= 1
                place = at
        return place


def checked_field(name: str, value: str) -> Header:
    """A header field. Raises ValueError for a name or a value that none can have."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header field")
    if not VALUE.fullmatch(value):
        raise ValueError(f"{value!r} cannot be the value of a header field ({name})")
    return name.encode("latin-1"), value.encode("latin-1")


def are_fields(value: object) -> bool:
    """True for a list of header fields as messages carry them: pairs of bytes, of which none could be read as two."""
    return isinstance(value, list) and all(map(_is_field, value))


def _is_field(value: object) -> bool:
    if not isinstance(value, tuple) or [type(one) for one in value] != [bytes, bytes]:
        return False
    name, content = (one.decode("latin-1") for one in value)
    return bool(NAME.fullmatch(name) and VALUE.fullmatch(content))
