"""Not doing at once again what has just been in vain."""

from __future__ import annotations

from ccproxy.auth.source import CredentialError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before another try to renew what is still valid, doubled each time."""


def longer(pause: float) -> float:
    """The pause after a pause of so many seconds; after 0 the first one."""
    return min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)


class Patience:
    """Seconds in which a token that was just renewed is not renewed again, however often it is refused."""

    def __init__(self) -> None:
        self._seconds = FIRST_PAUSE
        self._accepted: str | None = None
        """The last token that the provider is known to have taken after it was renewed."""

    def accepted(self, token: str) -> None:
        """It may be renewed again as soon as it is refused."""
        self._accepted, self._seconds = token, FIRST_PAUSE

    def refused(self, token: str, ago: float) -> None:
        """One that was renewed `ago` seconds ago is refused. Raises CredentialError if it is too early for another."""
        if token == self._accepted:
            return
        if ago < self._seconds:
            raise CredentialError(f"the token was renewed {ago:.1f} s ago and is refused again")
        self._seconds = longer(self._seconds)
