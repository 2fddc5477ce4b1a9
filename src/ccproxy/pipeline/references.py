"""From a name to hooks: `module` is all hooks that a module defines, `module:function` is one."""

from __future__ import annotations

import pkgutil
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ccproxy.config.errors import Place, nearest
from ccproxy.pipeline.blame import last_line, told
from ccproxy.pipeline.hook import Hook

BUILT_IN = "ccproxy.hooks"


class NoHooks(Exception):
    """There are no hooks to be had by a name. `place` is the line of the code that failed, if one did."""

    def __init__(self, message: str, hint: str = "", place: Place | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.place = message, hint, place

    def __str__(self) -> str:
        return f"{self.message} ({self.place})" if self.place else self.message


def hooks_by_name(module: str, attribute: str, known_as: str, home: Path | None = None) -> list[Hook]:
    """The hook of a module that has this (dotted) name; with an empty one all that it defines.

    Args:
        module: the module's name for Python.
        attribute: the hook's name in it.
        known_as: the module's name for people.
        home: the directory in which the cause of a failure is looked for, if it is known.

    Raises:
        NoHooks: with what is the matter.
    """
    loaded = load(module, known_as, home)
    found = [_hook(loaded, attribute, known_as)] if attribute else defined(loaded)
    if not found:
        raise NoHooks(f"module {known_as!r} defines no hooks", "put @hook(…) above a function of it")
    return found


def load(module: str, known_as: str, home: Path | None = None) -> ModuleType:
    """Imports a module, which runs its code. Arguments and errors as above."""
    try:
        return import_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            raise NoHooks(f"there is no module {known_as!r}", _advice(known_as)) from error
        message = f"module {known_as!r} cannot be loaded: {told(error)}"
        raise NoHooks(message, place=last_line(error, home)) from error


def defined(module: ModuleType) -> list[Hook]:
    """The hooks that a module holds and does not import from elsewhere, in the order of their definition.

    A package may import them from modules inside of it.
    """
    hooks = {id(value): value for value in vars(module).values() if isinstance(value, Hook)}
    return [hook for hook in hooks.values() if _is_at_home(hook, module)]


def built_in() -> list[str]:
    """The names of the modules of `ccproxy.hooks`, which are those of their hooks."""
    return [module.name for module in pkgutil.iter_modules(import_module(BUILT_IN).__path__)]


def _is_at_home(hook: Hook, module: ModuleType) -> bool:
    inside = hasattr(module, "__path__") and hook.module.startswith(f"{module.__name__}.")
    return inside or hook.module == module.__name__


def _hook(module: ModuleType, attribute: str, known_as: str) -> Hook:
    try:
        found: object = reduce(getattr, attribute.split("."), module)
    except AttributeError:
        names = ", ".join(hook.name for hook in defined(module))
        hint = f"its hooks are {names}" if names else "it defines no hooks at all"
        raise NoHooks(f"module {known_as!r} has no {attribute!r}", hint) from None
    if not isinstance(found, Hook):
        raise NoHooks(f"{attribute!r} in module {known_as!r} is not a hook", "put @hook(…) above the function")
    return found


def _advice(name: str) -> str:
    package, _, last = name.rpartition(".")
    guess = nearest(last, built_in()) if package in ("", BUILT_IN) else None
    return f"did you mean {BUILT_IN}.{guess}?" if guess else "install it beside ccproxy, or put it into hooks_dir"
