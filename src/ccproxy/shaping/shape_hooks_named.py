"""From the names in a profile's `shape_hooks` to the steps themselves, checked as the daemon starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from types import ModuleType

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, KeyPath, Problem, dotted, nearest
from ccproxy.config.hooks import HookEntry
from ccproxy.config.shape_profiles import PACKAGED
from ccproxy.config.shaping import ShapeProfile
from ccproxy.pipeline.find import Find
from ccproxy.pipeline.hook import Hook
from ccproxy.pipeline.params import params_of
from ccproxy.pipeline.references import NoHooks, load
from ccproxy.shaping.shape_hooks import Bound, ShapeHook

OURS = ("regenerate", "caching.strip", "caching.insert", "gemini", "codex")
"""Modules of `ccproxy.shaping` that are shape hooks."""
ROOM = "ccproxy.shaping"


def shape_hooks_of(config: Config) -> dict[str, tuple[Bound, ...]]:
    """The steps of all profiles that providers name, or that the user has written. Raises ConfigError."""
    named = {provider.shape for provider in config.providers.values()}
    problems: list[Problem] = []
    found = {
        name: tuple(_bound(config, name, profile, problems))
        for name, profile in config.shaping.providers.items()
        if name in named or not _is_packaged(name, profile)
    }
    if problems:
        raise ConfigError(problems)
    return found


def _is_packaged(name: str, profile: ShapeProfile) -> bool:
    return name in PACKAGED and profile.shape_hooks == ShapeProfile.model_validate(PACKAGED[name]).shape_hooks


def _bound(config: Config, name: str, profile: ShapeProfile, problems: list[Problem]) -> Iterator[Bound]:
    for index, entry in enumerate(profile.shape_hooks):
        path = ("shaping", "providers", name, "shape_hooks", index)
        try:
            yield from _of_entry(config, entry, path)
        except NoHooks as error:
            problems.append(Problem(*config.place(path), dotted(path), str(error), error.hint))
        except ConfigError as error:
            problems += error.problems


def _of_entry(config: Config, entry: HookEntry, path: KeyPath) -> list[Bound]:
    """Raises NoHooks, ConfigError."""
    hooks = named(entry.hook)
    if entry.on_error is not None or entry.overridable is not None:
        hint = "remove on_error and overridable; see providers.NAME.on_shape_error"
        raise NoHooks("a shape hook is part of shaping: if it fails, shaping has failed", hint)
    if entry.params and len(hooks) > 1:
        names = ", ".join(hook.name for hook in hooks)
        raise NoHooks(f"params are for one shape hook, and there are {names}", f"write {entry.hook}:{hooks[0].name}")
    return [Bound(hook, params_of(_find(hook, entry, config, path), config)) for hook in hooks]


def _find(hook: ShapeHook, entry: HookEntry, config: Config, path: KeyPath) -> Find:
    """What tells where its parameters are written."""
    like = Hook(hook.name, hook.function, ("outbound",), params=hook.params)
    return Find(like, config.place(path), dotted(path), entry, path, "outbound")


def named(reference: str) -> Sequence[ShapeHook]:
    """The shape hooks of `module`, or the one of `module:function`. Importing runs its code. Raises NoHooks."""
    module, _, function = reference.partition(":")
    try:
        loaded = load(module, module)
    except NoHooks as error:
        raise NoHooks(error.message, error.hint and _advice(module), error.place) from error
    found = [_one(loaded, function)] if function else _defined(loaded)
    if not found:
        raise NoHooks(f"module {module!r} defines no shape hooks", "put @shape_hook() above a function of it")
    return found


def _advice(module: str) -> str:
    """What to do about a module that is not there. Only what holds shape hooks is meant."""
    guess = nearest(module.rpartition("shaping.")[2], OURS)
    importable = "install it beside ccproxy, or set PYTHONPATH to its directory where ccproxy is started"
    return f"did you mean {ROOM}.{guess}?" if guess else f"{importable}: shape hooks are not looked for in hooks_dir"


def _defined(module: ModuleType) -> list[ShapeHook]:
    found = {id(value): value for value in vars(module).values() if isinstance(value, ShapeHook)}
    return [hook for hook in found.values() if hook.module == module.__name__]


def _one(module: ModuleType, function: str) -> ShapeHook:
    try:
        found: object = reduce(getattr, function.split("."), module)
    except AttributeError:
        names = ", ".join(hook.name for hook in _defined(module)) or "none"
        raise NoHooks(f"module {module.__name__!r} has no {function!r}", f"its shape hooks: {names}") from None
    if not isinstance(found, ShapeHook):
        hint = "put @shape_hook() above the function"
        raise NoHooks(f"{function!r} in module {module.__name__!r} is not a shape hook", hint)
    return found
