"""A YAML document as plain values that know where they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ccproxy.config.errors import KeyPath, Place, Problem, dotted
from ccproxy.config.yaml_text import compose, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_VALUES = 20_000
"""Aliases of aliases can stand for more values than there is memory."""
CORE = "tag:yaml.org,2002:"
"""Begins the tags of YAML's own types (https://yaml.org/type/)."""
TEXT_TAGS = frozenset({CORE + "str", CORE + "timestamp", CORE + "value", CORE + "merge"})

type Entries = dict[str, tuple[Node, Node]]


class Document:
    """The one document of a YAML text. Raises ConfigError where it is not well-formed.

    `value` is made of dict (keys always str), list, str, int, float, bool and None. What is well-formed but not
    acceptable (a duplicate key, an unknown tag) is in `problems`. Dates and sexagesimal numbers stay text.
    """

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._values: dict[int, Any] = {}
        self._weights: dict[int, int] = {}
        self._entries: dict[int, Entries] = {}
        self._yaml = SafeConstructor()
        self._root = compose(text, file)
        self.value: Any = self._plain(self._root, ()) if self._root else None

    def place(self, path: KeyPath) -> Place | None:
        """Where the value at `path` is written: its key, or the item itself in a list. None if it is not there."""
        here = node = self._root
        for step in path:
            if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                here = node = node.value[step]
            elif isinstance(node, MappingNode) and isinstance(step, str) and step in self._entries[id(node)]:
                here, node = self._entries[id(node)][step]
            else:
                return None
        return place_of(here, self._file) if here else Place(self._file, 1, 1)

    def _plain(self, node: Node, path: KeyPath) -> Any:
        """The value of a node. An alias shares the value of its anchor, so that nothing is built twice."""
        if id(node) not in self._values:
            self._values[id(node)] = None  # what an alias inside of its own anchor stands for
            self._values[id(node)] = self._converted(node, path)
            self._weigh(node, path)
        elif id(node) not in self._weights:
            self._report(node, path, "holds itself", "remove the alias")
        return self._values[id(node)]

    def _converted(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _weigh(self, node: Node, path: KeyPath) -> None:
        children = [value for _, value in self._entries.get(id(node), {}).values()]
        children += node.value if isinstance(node, SequenceNode) else []
        weight = self._weights[id(node)] = 1 + sum(self._weights.get(id(child), 1) for child in children)
        if weight > MAX_VALUES:
            self._values[id(node)], self._weights[id(node)] = None, 1
            self._report(node, path, f"stands for more than {MAX_VALUES:,} values", "use fewer aliases")

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        entries: Entries = {}
        merged: Entries = {}
        for key, value in node.value:
            if key.tag == CORE + "merge":
                merged |= self._merged(value, path)
            elif not isinstance(key, ScalarNode):
                self._report(key, path, "a key is a word, not a list or a mapping", "put it in quotes")
            elif key.value in entries:
                self._duplicate((*path, key.value), entries[key.value][0], key)
            else:
                entries[key.value] = key, value
        self._entries[id(node)] = merged | entries
        return {key: self._plain(value, (*path, key)) for key, (_, value) in self._entries[id(node)].items()}

    def _merged(self, node: Node, path: KeyPath) -> Entries:
        """The entries that `<<` brings in (https://yaml.org/type/merge.html); of several mappings the first wins."""
        entries: Entries = {}
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            self._plain(source, path)
            if not isinstance(source, MappingNode):
                self._report(source, path, "'<<' takes a mapping or a list of mappings")
            entries = self._entries.get(id(source), {}) | entries
        return entries

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        if construct := _CONSTRUCT.get(node.tag):
            return construct(self._yaml, node)
        if node.tag not in TEXT_TAGS:
            self._report(node, path, f"the tag {node.tag!r} has no meaning here", "remove it")
        return node.value

    def _duplicate(self, path: KeyPath, first: Node, second: Node) -> None:
        line = place_of(first, self._file).line
        self._report(second, path, f"is given twice, first in line {line}", "keep one of the two")

    def _report(self, node: Node, path: KeyPath, message: str, hint: str = "") -> None:
        key = dotted(path[1:] or path)  # the root key `ccproxy` is left out
        self.problems.append(Problem(*place_of(node, self._file), key, message, hint))


def _null(_: SafeConstructor, __: Any) -> None:
    return None


def _bool(yaml: SafeConstructor, node: Any) -> Any:
    return yaml.bool_values.get(node.value.lower(), node.value)


def _int(yaml: SafeConstructor, node: Any) -> int | str:
    """Of 64 bits at most; `12:30` is a time of day to everybody but YAML 1.1."""
    if ":" in node.value:
        return str(node.value)
    try:
        number = int(yaml.construct_yaml_int(node))
    except (ValueError, IndexError):
        return str(node.value)
    return number if number.bit_length() <= 64 else str(node.value)


def _float(yaml: SafeConstructor, node: Any) -> float | str:
    if ":" in node.value:
        return str(node.value)
    try:
        return float(yaml.construct_yaml_float(node))
    except (ValueError, IndexError):
        return str(node.value)


_CONSTRUCT: dict[str, Callable[[SafeConstructor, Any], Any]] = {
    CORE + "null": _null,
    CORE + "bool": _bool,
    CORE + "int": _int,
    CORE + "float": _float,
}
