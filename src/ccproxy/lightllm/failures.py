"""What can be wrong with a message. Kept apart, so that who catches these loads nothing."""

from __future__ import annotations


class InvalidCall(ValueError):
    """A request that cannot be read, or cannot be said in the target format; the message says what and where."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Malformed(ValueError):
    """A provider's answer that is not of its format; the message says what is wrong."""


UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What a reader may raise for a document that is not of its format, besides Malformed."""
