"""Which hook is meant: one of the configuration, `module:function`, or a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.hooks.loading import load, output_aside

if TYPE_CHECKING:
    from ccproxy.cli.session import Session
    from ccproxy.config import Config
    from ccproxy.pipeline.hook import Hook, Stage, Step


@dataclass(frozen=True, slots=True)
class Chosen:
    """A hook, and what the configuration says of it."""

    hook: Hook
    stage: Stage | None
    """Where it runs; None leaves it to the hook."""
    params: Any = None
    """An instance of the hook's model; None means the defaults."""
    resources: Mapping[type, Any] | None = None


def choose(session: Session, name: str, stage: Stage | None) -> Chosen:
    """Finds the hook. Raises BadParameter if there is none, CommandError if it cannot be loaded, ConfigError."""
    place, _, function = name.partition(":")
    if place.endswith(".py") or os.sep in place:
        return Chosen(only(name, in_file(Path(place), function)), stage)
    if function:
        return Chosen(only(name, in_module(session.config(), place, function)), stage)
    return configured(session.config(), name, stage)


def configured(config: Config, name: str, stage: Stage | None) -> Chosen:
    """The hook of this name; of several in different stages the first, unless `stage` says which.

    Where not all hooks can be loaded, the file of this name in the user's directory is taken by itself.
    """
    from ccproxy.config.errors import ConfigError

    directory = config.hooks_path()
    try:
        steps = list(load(config).pipeline.steps)
    except ConfigError as error:
        if directory is None or not (directory / f"{name}.py").is_file():
            raise
        click.echo(f"not all hooks can be loaded, so {name}.py is taken by itself:\n{error}", err=True)
        return Chosen(only(name, in_file(directory / f"{name}.py", "")), stage)
    return among(steps, name, stage, config)


def among(steps: list[Step], name: str, stage: Stage | None, config: Config) -> Chosen:
    """The step of this name. Raises BadParameter."""
    from ccproxy.config.errors import nearest

    named = [step for step in steps if step.name == name]
    if not named:
        known = [step.name for step in steps]
        near = nearest(name, known)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        raise click.BadParameter(f"there is no hook {name!r}; {hint}", param_hint="NAME")
    step = next((step for step in named if step.stage == stage), named[0])
    return Chosen(step.hook, stage or step.stage, step.params, lent(config) if is_ours(step.hook) else None)


def in_file(path: Path, function: str) -> list[Hook]:
    """The hooks of a file, or the one of this name."""
    from ccproxy.pipeline.directory import PACKAGE, open_package

    if not path.is_file():
        raise click.BadParameter(f"there is no file {path}", param_hint="NAME")
    directory = path.resolve().parent
    open_package(directory)
    return loaded(f"{PACKAGE}.{path.stem}", function, str(path), directory)


def in_module(config: Config, module: str, function: str) -> list[Hook]:
    """A hook of a module, which may be one of the user's directory."""
    from ccproxy.pipeline.directory import PACKAGE, open_package
    from ccproxy.pipeline.home import Home

    directory = config.hooks_path()
    if directory is None or not Home(directory).holds(module):
        return loaded(module, function, module)
    open_package(directory)
    return loaded(f"{PACKAGE}.{module}", function, module, directory)


def loaded(module: str, function: str, known_as: str, home: Path | None = None) -> list[Hook]:
    """Imports a module. Raises CommandError."""
    from ccproxy.pipeline.references import NoHooks, hooks_by_name

    try:
        with output_aside():
            return hooks_by_name(module, function, known_as, home)
    except NoHooks as error:
        raise CommandError(str(error), *filter(None, [error.hint])) from error


def only(name: str, hooks: list[Hook]) -> Hook:
    """The hook, if there is one. Raises BadParameter if there are several."""
    if len(hooks) > 1:
        names = ", ".join(hook.name for hook in hooks)
        raise click.BadParameter(f"{name} has the hooks {names}: add :{hooks[0].name}", param_hint="NAME")
    return hooks[0]


def is_ours(hook: Hook) -> bool:
    """True for a hook of the house, which may want to use parts of it."""
    return hook.module.startswith("ccproxy.hooks.")


def lent(config: Config) -> dict[type, Any]:
    """What the daemon lends to the hooks of the house."""
    from ccproxy.mcp.notifications import NotificationBuffer
    from ccproxy.providers.provider import ProviderMap, build_providers

    buffer = config.mcp.buffer
    return {
        ProviderMap: build_providers(config),
        NotificationBuffer: NotificationBuffer(buffer.max_events_per_task, buffer.ttl_seconds),
    }
