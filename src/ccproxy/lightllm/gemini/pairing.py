"""Which result belongs to which call: Gemini may leave out their ids."""

from __future__ import annotations

from typing import Any

MADE_UP = "call_gemini_"
"""Begins the ids of calls that had none. They are counted through the conversation: the same in every turn of it."""


class Pairing:
    """The calls of a conversation as it is read."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str]] = []  # id and name of calls without a result
        self._count = 0
        self._native = ""

    def called(self, id: Any, name: str) -> str:
        """The id of a call of the client's tools."""
        own = self._id(id)
        self._waiting.append((own, name))
        return own

    def answered(self, id: Any, name: Any) -> tuple[str, str]:
        """Id and name of the call that a result answers: by its id, else the first open one of its name.

        A result that tells neither belongs to the first open call.
        """
        waiting = self._waiting
        found = next((call for call in waiting if id and call[0] == id), None)
        found = found or next((call for call in waiting if name and call[1] == name), None)
        found = found or next((call for call in waiting if not id and not name), None)
        if found is None:
            return self._id(id), str(name or "unknown")
        waiting.remove(found)
        return found

    def native_called(self, id: Any) -> str:
        """The id of a call of a tool that Google runs."""
        self._native = self._id(id)
        return self._native

    def native_answered(self, id: Any) -> str:
        """The id of the call that a result of such a tool belongs to: without an id of its own, the last."""
        return str(id) if id else self._native or self._id(None)

    def _id(self, id: Any) -> str:
        if id:
            return str(id)
        self._count += 1
        return f"{MADE_UP}{self._count}"
