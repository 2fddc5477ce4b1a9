"""Tokens in the hands of this process: until when they are good, and where they came from."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from ccproxy.auth.credential_file import Content
from ccproxy.auth.source import Credential
from ccproxy.auth.tokens import Grant, Tokens

ROUNDING = 2.0
"""Seconds that a file may make of the moment that was written to it."""


@dataclass(frozen=True, slots=True)
class Held:
    """Tokens, and when they are over by the steady clock: infinity if nobody knows, its negative if it was ever so.

    `early` is how many seconds before that they are to be renewed.
    """

    content: Content = field(repr=False)
    tokens: Tokens
    deadline: float
    early: float

    @property
    def credential(self) -> Credential | None:
        """The access token, if there is one."""
        return self.tokens.credential


@dataclass(frozen=True, slots=True)
class Change:
    """A grant, the tokens of the file whose place it takes, and when that was by both clocks."""

    former: Tokens
    grant: Grant
    lifetime: float | None
    wall: float
    steady: float

    @property
    def deadline(self) -> float:
        """By the steady clock."""
        return math.inf if self.lifetime is None else self.steady + self.lifetime

    @property
    def expires(self) -> float | None:
        """Seconds since the epoch, by this machine's clock."""
        return None if self.lifetime is None else self.wall + self.lifetime

    def is_in(self, tokens: Tokens) -> bool:
        """True if these are the grant's, and nobody has given them another end."""
        if tokens.access != self.grant.access:
            return False
        told, ours = tokens.expires, self.expires
        return tokens.by_provider or told is None or (ours is not None and abs(told - ours) < ROUNDING)


@dataclass(frozen=True, slots=True)
class Margins:
    """How many seconds before its end a token is renewed: `headroom`, and up to `jitter` more by chance."""

    headroom: float
    jitter: float

    def drawn(self) -> float:
        """Another each time."""
        return self.headroom + random.uniform(0, self.jitter)  # noqa: S311 - it spreads load, it hides nothing
