"""The layers of a configuration: the file, the environment, the flags. The later one wins, key by key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ccproxy.config.document import MAX_BYTES, Document
from ccproxy.config.document import Path as KeyPath
from ccproxy.config.errors import ConfigError, Place, Problem

PREFIX = "CCPROXY_"
NOT_SETTINGS = frozenset({"CCPROXY_CONFIG_DIR", "CCPROXY_TRAFFIC_SOURCE"})
ROOT = "ccproxy"


class Layer(Protocol):
    """Values from one source, and where each was written."""

    tree: dict[str, Any]

    def place(self, path: KeyPath) -> Place | None:
        """Where the value at `path` was written, None if it was not written here."""


class FileLayer:
    """The block under the root key `ccproxy` of a file; empty if there is no such file."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)
        self.exists = True
        self.document = Document(self._read(file), self.file)
        self.problems = list(self.document.problems)
        self.tree = self._root()

    def place(self, path: KeyPath) -> Place | None:
        """Line and column."""
        return self.document.place((ROOT, *path))

    def _read(self, file: Path) -> str:
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            self.exists = False
            return ""
        except (OSError, ValueError) as error:
            raise self._refused(getattr(error, "strerror", None) or str(error)) from None
        if len(data) > MAX_BYTES:
            raise self._refused(f"is larger than {MAX_BYTES} bytes")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            problem = Problem(self.file, line, None, "", f"is not UTF-8: {error.reason}", "save it as UTF-8")
            raise ConfigError([problem]) from None

    def _refused(self, why: str) -> ConfigError:
        return ConfigError([Problem(self.file, None, None, "", f"cannot be read: {why}")])

    def _root(self) -> dict[str, Any]:
        document = self.document.value
        if document is None:
            return {}
        if not isinstance(document, dict):
            self._complain((), "should be a mapping with the root key 'ccproxy'")
            return {}
        for key in document:
            if key != ROOT:
                self._complain((key,), "stands outside of 'ccproxy'", "indent it under the root key 'ccproxy:'")
        block = document.get(ROOT)
        if block is None or isinstance(block, dict):
            return block or {}
        self._complain((ROOT,), "'ccproxy' should be a mapping")
        return {}

    def _complain(self, path: KeyPath, message: str, hint: str = "") -> None:
        place = self.document.place(path) or Place(self.file, 1, 1)
        key = str(path[0]) if path and path[0] != ROOT else ""
        self.problems.append(Problem(*place, key, message, hint))


class ValueLayer:
    """One value from outside the file. `raw` is its text, if text is what it came as."""

    def __init__(self, label: str, path: KeyPath, value: object, raw: str | None = None) -> None:
        self.label, self.path, self.raw = label, path, raw
        self.tree = self._nest(value)

    def place(self, path: KeyPath) -> Place | None:
        """The name of the variable or flag."""
        return Place(self.label) if _contains(self.tree, path) else None

    def as_text(self) -> ValueLayer:
        """The same with the text itself as its value."""
        return ValueLayer(self.label, self.path, self.raw, self.raw)

    def _nest(self, value: object) -> dict[str, Any]:
        for step in reversed(self.path):
            value = {step: value}
        assert isinstance(value, dict)
        return value


def environment_layers(environ: Mapping[str, str], known: dict[str, Any]) -> Iterator[ValueLayer]:
    """CCPROXY_INSPECTOR__PORT=9 sets inspector.port, LOG_LEVEL sets log_level. Empty variables count as unset.

    `known` is what the file says: the name of a key that exists there is found whatever its case, hyphens as `_`.
    """
    names = sorted(name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in NOT_SETTINGS)
    for name in names:
        if text := environ[name].strip():
            steps = name[len(PREFIX) :].lower().split("__")
            yield ValueLayer(name, _spelled(steps, known), _parsed(text), text)
    if level := environ.get("LOG_LEVEL", "").strip():
        yield ValueLayer("LOG_LEVEL", ("log_level",), level, level)


def flag_layers(flags: Mapping[str, object]) -> Iterator[ValueLayer]:
    """Dotted keys; None means that the flag was not given."""
    for key, value in flags.items():
        if value is not None:
            yield ValueLayer("--" + key.replace(".", "-").replace("_", "-"), tuple(key.split(".")), value)


def merged(layers: list[Layer]) -> dict[str, Any]:
    """One tree of all layers: mappings are merged, anything else is replaced. The layers stay as they are."""
    tree: dict[str, Any] = {}
    for layer in layers:
        tree = _over(tree, layer.tree)
    return tree


def find_place(layers: list[Layer], path: KeyPath) -> Place:
    """Where the value in force at `path` was written, or the nearest block around it that was."""
    for end in range(len(path), 0, -1):
        for layer in reversed(layers):
            if place := layer.place(path[:end]):
                return place
    return next((place for layer in layers if (place := layer.place(()))), Place(""))


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        result[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _contains(tree: Any, path: KeyPath) -> bool:
    for step in path:
        keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
        if step not in keys:
            return False
        tree = tree[step]
    return bool(path)


def _spelled(steps: list[str], known: Any) -> KeyPath:
    path: list[str] = []
    for step in steps:
        keys = known if isinstance(known, dict) else {}
        key = next((key for key in keys if key.lower().replace("-", "_") == step), step)
        path.append(key)
        known = keys.get(key)
    return tuple(path)


def _parsed(text: str) -> object:
    """The text as YAML, which JSON is a part of; what is not YAML is just text."""
    try:
        document = Document(text, "")
    except ConfigError:
        return text
    return text if document.problems else document.value


def current_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
