"""The shapes that are in force: what providers name, compiled, or why it cannot be used."""

from __future__ import annotations

from typing import Any, Literal

from ccproxy.config import Config
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.template import Template


class Shapes:
    """The templates of all profiles that providers name. Making one reads no shape. Raises ConfigError."""

    def __init__(self, config: Config) -> None:
        raise NotImplementedError

    def __contains__(self, provider: object) -> bool:
        """Whether requests to a provider are shaped."""
        raise NotImplementedError

    async def loaded(self) -> None:
        """Waits until the shapes are loaded, beside the event loop; begins that if nobody has."""
        raise NotImplementedError

    def reload(self) -> dict[str, ShapeError]:
        """Reads the shapes, and puts them in force at once. Blocks. Returns those that cannot be used, by profile."""
        raise NotImplementedError

    def of(self, profile: str) -> Template:
        """The template of a profile. Raises ShapeError."""
        raise NotImplementedError

    def status(self) -> list[dict[str, Any]]:
        """For `ccproxy status`, one for each profile that providers name: `profile`, `providers` (names), `state`
        ("loading", "ready" or "broken"), `error` and `fix` (texts, where broken), and where ready `client`, `version`,
        `captured` (seconds since the epoch), `source`, `shaped` (requests so far) and `newer_seen` (the version of a
        client of the same name that is newer than the shape, and whose requests went as they were)."""
        raise NotImplementedError


type OnError = Literal["fail", "pass"]
