"""The pipeline in force, which takes up changes of the user's hooks while the daemon runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, Problem
from ccproxy.pipeline.dag import Cycle
from ccproxy.pipeline.directory import inner_name, renewed
from ccproxy.pipeline.pipeline import Pipeline, build_pipeline
from ccproxy.pipeline.settling import find_steps
from ccproxy.pipeline.watch import picture, watch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Load:
    """A pipeline, and what it was made from."""

    pipeline: Pipeline
    warnings: list[str]
    digests: Mapping[str, str]
    """Of the modules in the user's directory."""


def load_pipeline(config: Config) -> Load:
    """Loads and arranges the hooks of a configuration. Raises ConfigError with everything that is wrong."""
    with renewed():
        found = find_steps(config)
        try:
            pipeline = build_pipeline(found.steps, config.hooks.timeout_seconds)
        except Cycle as error:
            message = f"these wait for each other: {error}"
            hint = "declare less, or disable one of them"
            raise ConfigError([Problem(*config.place(()), "hooks", message, hint)]) from error
        return Load(pipeline, found.warnings, found.digests)


class LivePipeline:
    """Holds the pipeline in force. Making one loads the hooks, and raises ConfigError if that is not possible."""

    def __init__(self, config: Config) -> None:
        self._config, self._directory = config, config.hooks_path()
        self._picture = picture(self._directory) if self._directory else {}
        self._load = load_pipeline(config)
        self._warn()
        self._turn = asyncio.Lock()
        self.error: str | None = None
        """Why the last attempt to take up changes failed, a line for each problem; None if it did not."""

    @property
    def current(self) -> Pipeline:
        """The pipeline in force."""
        return self._load.pipeline

    async def watch(self) -> None:
        """Takes up changes of the user's hooks as they come. Ends by being cancelled, or for want of a directory."""
        if self._directory:
            await watch(self._directory, self.reload, self._picture)

    async def reload(self) -> bool:
        """Loads the user's hooks anew, beside the event loop. What goes wrong is in `error` and in the log.

        Returns:
            True if another pipeline is in force now; False if the former one stays.
        """
        async with self._turn:
            try:
                load = await _beside(lambda: load_pipeline(self._config))
            except ConfigError as error:
                self._failed(str(error))
            except Exception as error:
                logger.exception("hooks were not loaded")
                self._failed(repr(error))
            else:
                self._take(load)
            return self.error is None

    def _take(self, load: Load) -> None:
        former, self._load, self.error = self._load, load, None
        if changes := difference(former, load):
            logger.info("hooks reloaded: %s", changes)
        self._warn(former.warnings)

    def _failed(self, error: str) -> None:
        self.error = error
        for line in error.splitlines():
            logger.error("hooks are not reloaded, those before stay: %s", line)

    def _warn(self, said: Sequence[str] = ()) -> None:
        for warning in self._load.warnings:
            if warning not in said:
                logger.warning("%s", warning)


def difference(former: Load, load: Load) -> str:
    """What became of the hooks, by their names, and of files that hold none, by theirs. Empty if nothing changed."""
    before, after = _modules(former), _modules(load)
    edited = {name for name, digest in load.digests.items() if former.digests.get(name, digest) != digest}
    changes = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [
            name for name in after if name in before and (after[name] in edited or before[name] != after[name])
        ],
        "edited": sorted(edited.difference(after.values())),
    }
    return "; ".join(f"{what} {', '.join(names)}" for what, names in changes.items() if names)


def _modules(load: Load) -> dict[str, str]:
    """The hooks, each with its module as the digests have it."""
    return {step.name: inner_name(step.hook.module) for step in load.pipeline.steps}


async def _beside[T](function: Callable[[], T]) -> T:
    """What the function returns or raises, from a thread of its own that nobody waits for when the program ends."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:  # noqa: BLE001  raised where it is waited for
            outcome.set_exception(error)

    Thread(target=run, name="hooks", daemon=True).start()
    return await asyncio.wrap_future(outcome)
