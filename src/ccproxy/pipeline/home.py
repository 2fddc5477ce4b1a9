"""The user's directory of hooks: whether code may be run from it, and the hooks in it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from os.path import isdir, isfile
from pathlib import Path

from ccproxy.config.errors import Place, Problem
from ccproxy.pipeline.directory import PACKAGE, open_package
from ccproxy.pipeline.find import Find
from ccproxy.pipeline.hook import Hook
from ccproxy.pipeline.references import NoHooks, defined, hooks_by_name, load

NOT_HOOKS = re.compile(r"[_.]|test_|conftest\.py$")
"""Files that are not looked into by themselves."""
BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
REACHED_BY_OTHERS = stat.S_IXGRP | stat.S_IXOTH
"""Without these on the directory above, such as `ccproxy init` makes it, nobody else gets here at all."""


class Home:
    """A directory of hooks. If there is nothing in `problems`, its package is open to imports from now on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._paths: list[Path] = []
        self._failed: set[str] = set()
        self.problems = list(self._look())
        if not self.problems:
            open_package(directory)

    def holds(self, module: str) -> bool:
        """True if the first step of a dotted name is a file or a package of the directory."""
        first = str(self.directory / module.partition(".")[0])
        return isfile(f"{first}.py") or isfile(f"{first}/__init__.py")

    def named(self, module: str, function: str) -> list[Hook]:
        """The hooks of a module, or one of them; none if the directory has problems. Raises NoHooks."""
        if self.problems:
            return []
        try:
            return hooks_by_name(f"{PACKAGE}.{module}", function, module, self.directory)
        except NoHooks:
            self._failed.add(module.partition(".")[0])
            raise

    def hooks(self) -> Iterator[Find | Problem]:
        """All hooks, by file and then by their order in it. What was asked for by name and failed is left out."""
        for path in self._paths if not self.problems else ():
            if path.stem not in self._failed:
                yield from self._in(path)

    def _look(self) -> Iterator[Problem]:
        """What is there, and why it is not used if it is not. A directory that does not exist is empty."""
        if not os.path.lexists(self.directory):
            return
        try:
            self._paths = _modules(self.directory)
            is_open = bool(self.directory.parent.stat().st_mode & REACHED_BY_OTHERS)
            yield from _refused(self.directory, BY_OTHERS if is_open else 0)
            for path in self._paths:
                by_others = BY_OTHERS if isdir(path) else stat.S_IWOTH
                yield from _refused(path, by_others if is_open else 0)
                yield from _misnamed(path)
        except OSError as error:
            where = str(error.filename or self.directory)
            message = f"cannot be read: {error.strerror or error}"
            yield Problem(where, None, None, "", message, f"hooks.hooks_dir is {self.directory}")

    def _in(self, path: Path) -> Iterator[Find | Problem]:
        try:
            module = load(f"{PACKAGE}.{path.stem}", path.stem, self.directory)
        except NoHooks as error:
            yield Problem(*(error.place or Place(str(path))), "", error.message, error.hint)
        else:
            source = f"{self.directory.name}/{path.name}"
            yield from (Find(hook, Place(str(path)), source) for hook in defined(module))


def _modules(directory: Path) -> list[Path]:
    """The files and packages in which hooks are looked for, by name."""
    found = [path for path in directory.iterdir() if not NOT_HOOKS.match(path.name) and _is_module(path)]
    return sorted(found, key=lambda path: path.name)


def _is_module(path: Path) -> bool:
    return isfile(path / "__init__.py") or (path.suffix == ".py" and not isdir(path))


def _misnamed(path: Path) -> Iterator[Problem]:
    if not path.stem.isidentifier():
        hint = "use letters, digits and _, or begin it with _ if it is not to be loaded"
        yield Problem(str(path), None, None, "", f"{path.stem!r} cannot be the name of a module", hint)


def _refused(path: Path, forbidden: int) -> Iterator[Problem]:
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in (os.getuid(), 0):
        message = f"belongs to another user ({status.st_uid}), and code is run from here"
        yield Problem(str(path), None, None, "", message, "make it yours with chown")
    elif mode & forbidden:
        message = f"can be changed by others (mode {mode:04o}), and code is run from here"
        yield Problem(str(path), None, None, "", message, f"chmod go-w {path}")
