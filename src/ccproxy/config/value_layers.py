"""The layers of single values: environment variables and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.config.document import Document
from ccproxy.config.errors import ConfigError, KeyPath, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "CCPROXY_"
NOT_SETTINGS = frozenset({"CCPROXY_CONFIG_DIR", "CCPROXY_TRAFFIC_SOURCE"})


class ValueLayer:
    """One value from outside the file. `text` is how it was written, if text is what it came as."""

    def __init__(self, label: str, path: KeyPath, value: object, text: str | None = None) -> None:
        self.label, self.path, self.text = label, path, text
        self.tree: dict[str, Any] = {}
        tree: Any = value
        for step in reversed(path):
            tree = self.tree = {str(step): tree}

    def place(self, path: KeyPath) -> Place | None:
        """The name of the variable or flag."""
        tree: Any = self.tree
        for step in path:
            keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
            if step not in keys:
                return None
            tree = tree[step]
        return Place(self.label) if path else None

    def as_text(self) -> ValueLayer:
        """The same, where the text itself is the value."""
        return ValueLayer(self.label, self.path, self.text, self.text)


def environment_layers(environ: Mapping[str, str], known: dict[str, Any]) -> Iterator[ValueLayer]:
    """CCPROXY_INSPECTOR__PORT=9 sets inspector.port, LOG_LEVEL sets log_level. Empty variables count as unset.

    `known` is what the file says: a key that is there is found whatever its case, and `_` finds a hyphen.
    """
    names = sorted(name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in NOT_SETTINGS)
    for name in names:
        if text := environ[name].strip():
            steps = name[len(PREFIX) :].lower().split("__")
            yield ValueLayer(name, _as_spelled(steps, known), _parsed(text), text)
    if level := environ.get("LOG_LEVEL", "").strip():
        yield ValueLayer("LOG_LEVEL", ("log_level",), level, level)


def flag_layers(flags: Mapping[str, object]) -> Iterator[ValueLayer]:
    """Flags have dotted keys; None means that the flag was not given."""
    for key, value in flags.items():
        if value is not None:
            yield ValueLayer("--" + key.replace(".", "-").replace("_", "-"), tuple(key.split(".")), value)


def _as_spelled(steps: list[str], known: Any) -> KeyPath:
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
