"""The layers of a configuration, lowest first: the file, the environment, the flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.config.errors import KeyPath, Place

if TYPE_CHECKING:
    from collections.abc import Sequence


class Layer(Protocol):
    """Values from one source, and where each was written."""

    tree: dict[str, Any]

    def place(self, path: KeyPath) -> Place | None:
        """Where the value at `path` was written, None if it was not written here."""


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """One tree of all layers: mappings are merged, anything else is replaced. The layers stay as they are."""
    tree: dict[str, Any] = {}
    for layer in layers:
        tree = _over(tree, layer.tree)
    return tree


def find_place(layers: Sequence[Layer], path: KeyPath) -> Place:
    """Where the value in force at `path` was written, or the nearest block around it that was."""
    for end in range(len(path), -1, -1):
        for layer in reversed(layers):
            if place := layer.place(path[:end]):
                return place
    return Place("")


class Places:
    """Where the values of a configuration were written. Two are always equal: a value is the same wherever it stands.

    A pickled one forgets.
    """

    def __init__(self, layers: Sequence[Layer] = ()) -> None:
        self._layers = layers

    def __call__(self, path: KeyPath) -> Place:
        """Where the value in force at `path` was written, or the nearest block around it that was."""
        return find_place(self._layers, path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)

    def __hash__(self) -> int:
        return hash(Places)

    def __deepcopy__(self, memo: dict[int, Any]) -> Places:
        return self

    def __reduce__(self) -> tuple[type[Places], tuple[()]]:
        return Places, ()


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        result[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
