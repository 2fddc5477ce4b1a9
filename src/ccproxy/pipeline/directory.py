"""The user's own hooks: the Python files of a directory, loaded as one package, from their sources, anew each time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = "ccproxy.user_hooks"
"""What the modules in the directory are parts of. It is under `ccproxy` so that their loggers have its level."""


class FromSource(SourceFileLoader):
    """Compiles what is in the file now: cached bytecode is known to be stale only by whole seconds and the size."""

    digest = ""
    """Of the source, once it was read."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path)
        self.digest = sha256(source).hexdigest()
        code: CodeType = self.source_to_code(source, path)
        return code


class Finder:
    """Finds the modules of the package in the directory that its `__path__` names."""

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None = None, _: ModuleType | None = None) -> ModuleSpec | None:
        """What the import system asks of each of `sys.meta_path`."""
        if path is None or not name.startswith(f"{PACKAGE}."):
            return None
        found = (FileFinder(entry, *_LOADERS).find_spec(name) for entry in path)
        return next((spec for spec in found if spec is not None and spec.loader is not None), None)


_LOADERS = ((FromSource, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES))


@contextmanager
def renewed() -> Iterator[None]:
    """Inside, nothing of the package is loaded yet. If what is done inside fails, all of it is as it was."""
    former = _take_out()
    try:
        yield
    except BaseException:
        _take_out()
        sys.modules.update(former)
        raise


def open_package(directory: Path) -> None:
    """Makes the package's modules importable: `import ccproxy.user_hooks.NAME` loads NAME of the directory."""
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(directory)]
    sys.modules[PACKAGE] = module_from_spec(spec)
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)


def digests() -> dict[str, str]:
    """What the loaded modules of the package were made from, by their names in the directory."""
    loaders = {name: getattr(module, "__loader__", None) for name, module in _loaded().items()}
    return {inner_name(name): loader.digest for name, loader in loaders.items() if isinstance(loader, FromSource)}


def inner_name(name: str) -> str:
    """A module's name in the directory."""
    return name.removeprefix(f"{PACKAGE}.")


def _loaded() -> dict[str, ModuleType]:
    inside = f"{PACKAGE}."
    return {name: module for name, module in list(sys.modules.items()) if name == PACKAGE or name.startswith(inside)}


def _take_out() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in _loaded()}
