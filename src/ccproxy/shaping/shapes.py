"""The shapes that are in force: what providers name, compiled, or why it cannot be used."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ccproxy.config import Config
from ccproxy.shaping.failed import BodyUnread, Failures, OfRequest
from ccproxy.shaping.shape import NoShapeYet, ShapeError, is_newer
from ccproxy.shaping.shape_hooks import Bound
from ccproxy.shaping.shape_hooks_named import shape_hooks_of
from ccproxy.shaping.template import Template, compile_template

logger = logging.getLogger(__name__)

type Table = Mapping[str, Template | ShapeError]
"""By profile."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a provider wants."""

    profile: str
    on_error: Literal["fail", "pass"]
    """What becomes of its requests where that profile has no usable shape."""


class Shapes:
    """The templates of all profiles that providers name. Making one reads no shape. Raises ConfigError."""

    def __init__(self, config: Config) -> None:
        self._config = config
        hooks = shape_hooks_of(config)
        uses = {name: Use(one.shape, one.on_shape_error) for name, one in config.providers.items() if one.shape}
        self._uses = uses if config.shaping.enabled else {}
        self._hooks: dict[str, tuple[Bound, ...]] = {use.profile: hooks[use.profile] for use in self._uses.values()}
        self._table: Table = {}
        self._is_loaded = not self._hooks
        self._loading = asyncio.Lock()
        self._reading = threading.Lock()
        self._newer: dict[str, str] = {}
        self._said: dict[str, Failures] = {}

    def __contains__(self, provider: object) -> bool:
        """Whether requests to a provider are shaped."""
        return provider in self._uses

    def use(self, provider: str | None) -> Use | None:
        """What a provider wants; None if it names no shape."""
        return self._uses.get(provider or "")

    @property
    def is_loaded(self) -> bool:
        """Whether `of` can be asked."""
        return self._is_loaded

    async def loaded(self) -> None:
        """Waits until the shapes are loaded, beside the event loop; begins that if nobody has."""
        if self._is_loaded:
            return
        async with self._loading:
            if not self._is_loaded:
                await _beside(self.reload)

    def reload(self) -> dict[str, ShapeError]:
        """Reads the shapes, and puts them in force at once. Blocks. Returns those that cannot be used, by profile.

        Of several at once each reads when the one before has put in force what it read: the newest stays.
        """
        if not self._hooks:
            return {}
        with self._reading:
            table = self._read()
            self._table, self._is_loaded, self._newer, self._said = table, True, {}, {}
        errors = {name: found for name, found in table.items() if isinstance(found, ShapeError)}
        for name, error in errors.items():
            self.complain(name, error)
        return errors

    def of(self, profile: str) -> Template:
        """The template of a profile. Raises ShapeError."""
        found = self._table.get(profile)
        if isinstance(found, Template):
            return found
        raise found or ShapeError(f"the shape of the profile {profile!r} is not loaded yet", "try again")

    def complain(self, profile: str, error: ShapeError, request: str = "") -> None:
        """Counts what could not be shaped, and says in the log what is wrong, once of a cause: of a shape hook that
        failed with the traceback. `request` is the id of the exchange, if it is about one."""
        if not self._said.setdefault(profile, Failures()).add(error, request):
            return
        users = ", ".join(name for name, use in self._uses.items() if use.profile == profile)
        if not isinstance(error, OfRequest):
            logger.error("requests to %s cannot be shaped: %s", users, error)
        elif isinstance(error, BodyUnread):
            logger.warning("a request to %s cannot be shaped: %s", users, error.why)
        else:
            logger.error("a request to %s cannot be shaped: %s", users, error, exc_info=error.__cause__)

    def seen(self, profile: str, version: str) -> None:
        """Remembers that a client of the shape's name is newer than the shape."""
        known = self._newer.get(profile)
        if known is None or is_newer(version, known):
            self._newer[profile] = version

    def status(self) -> list[dict[str, Any]]:
        """For `ccproxy status`, one for each profile that providers name.

        Each has `profile`, `providers` (names), `state` ("loading", "ready", "missing" or "broken"), where missing or
        broken `error` and `fix`, and where ready what is known of its provenance, by name, and `newer_seen`: the
        version of a client of the same name that is newer than the shape, and whose requests went as they were, or
        None. `failures` counts the requests that could not be shaped since it was read, because of their body or of
        a shape hook, and `last_failure` says what the last of them failed with, or is None.
        """
        return [self._told(profile) for profile in self._hooks]

    def _told(self, profile: str) -> dict[str, Any]:
        found = self._table.get(profile)
        told: dict[str, Any] = {
            "profile": profile,
            "providers": [name for name, use in self._uses.items() if use.profile == profile],
            "state": "loading",
        }
        failures = self._said.get(profile) or Failures()
        told |= {"failures": failures.count, "last_failure": failures.last}
        if isinstance(found, ShapeError):
            state = "missing" if isinstance(found, NoShapeYet) else "broken"
            return told | {"state": state, "error": found.message, "fix": found.fix}
        if found is None:
            return told
        client, version = found.client or (None, None)
        facts = asdict(found.shape.provenance) | {"client": client, "version": version}
        return told | facts | {"state": "ready", "newer_seen": self._newer.get(profile)}

    def _read(self) -> Table:
        from ccproxy.shaping.store import ShapeStore  # takes mitmproxy, which few need

        shaping = self._config.shaping
        store = ShapeStore(self._config.base_dir / (shaping.shapes_dir or "shapes"), shaping.providers)
        return {name: self._compiled(name, hooks, store) for name, hooks in self._hooks.items()}

    def _compiled(self, name: str, hooks: tuple[Bound, ...], store: Any) -> Template | ShapeError:
        try:
            return compile_template(self._config.shaping.providers[name], store.pick(name), hooks)
        except ShapeError as error:
            return error
        except Exception as error:
            logger.exception("the shape of the profile %s was not loaded", name)
            return ShapeError(f"the shape of the profile {name!r} cannot be loaded: {error!r}", "see ccproxy's log")


async def _beside(work: Callable[[], object]) -> None:
    """Does it in a thread that nobody waits for at the end of the program, as they wait for those of `to_thread`."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001 - it is raised where this is awaited
            error = raised
        with suppress(RuntimeError):  # the loop is no more
            loop.call_soon_threadsafe(_settle, done, error)

    threading.Thread(target=run, name="shapes", daemon=True).start()
    await done


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
