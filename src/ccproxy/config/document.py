"""A YAML text as plain values that know where they were written."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ccproxy.config.errors import ConfigError, Place, Problem

LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 64
"""The C parser recurses without looking; a few ten thousand brackets would end the process."""
MAX_VALUES = 20_000
"""Aliases of aliases can stand for more values than there is memory."""
MAX_BYTES = 4_194_304
MERGE = "tag:yaml.org,2002:merge"

type Path = tuple[str | int, ...]


class Document:
    """The one document of a YAML text. Raises ConfigError where it is not well-formed.

    `value` is made of dict (keys always str), list, str, int, float, bool and None. What is well-formed but not
    acceptable (a duplicate key, an unknown tag) is in `problems`.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._values: dict[int, Any] = {}
        self._weights: dict[int, int] = {}
        self._entries: dict[int, dict[str, tuple[Node, Node]]] = {}
        self._scalars = SafeConstructor()
        self._root = _compose(text, file)
        self.value: Any = self._plain(self._root, ()) if self._root else None

    def place(self, path: Path) -> Place | None:
        """Where the value at `path` is written: its key, or the item itself in a list. None if it is not there."""
        here = node = self._root
        for step in path:
            if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                here = node = node.value[step]
            elif isinstance(node, MappingNode) and isinstance(step, str) and step in self._entries[id(node)]:
                here, node = self._entries[id(node)][step]
            else:
                return None
        return _place(self.file, here) if here else Place(self.file, 1, 1)

    def _plain(self, node: Node, path: Path) -> Any:
        if id(node) not in self._values:
            self._values[id(node)] = None  # what an alias inside itself stands for
            convert = {MappingNode: self._mapping, SequenceNode: self._sequence, ScalarNode: self._scalar}[type(node)]
            self._values[id(node)] = convert(node, path)
            self._weigh(node, path)
        elif id(node) not in self._weights:
            self._report(node, path, "holds itself", "remove the alias")
        return self._values[id(node)]

    def _weigh(self, node: Node, path: Path) -> None:
        children = [value for _, value in self._entries.get(id(node), {}).values()]
        children += node.value if isinstance(node, SequenceNode) else []
        weight = self._weights[id(node)] = 1 + sum(self._weights.get(id(child), 1) for child in children)
        if weight > MAX_VALUES:
            self._values[id(node)], self._weights[id(node)] = None, 1
            self._report(node, path, f"stands for more than {MAX_VALUES:,} values", "use fewer aliases")

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        entries: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                merged |= self._merged(value, path)
            elif not isinstance(key, ScalarNode):
                self._report(key, path, "a key is a word, not a list or a mapping", "put it in quotes")
            elif key.value in entries:
                self._duplicate((*path, key.value), entries[key.value][0], key)
            else:
                entries[key.value] = key, value
        self._entries[id(node)] = merged | entries
        return {key: self._plain(value, (*path, key)) for key, (_, value) in self._entries[id(node)].items()}

    def _merged(self, node: Node, path: Path) -> dict[str, tuple[Node, Node]]:
        """The entries that `<<` brings in; of several mappings the first wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        entries: dict[str, tuple[Node, Node]] = {}
        for source in sources:
            self._plain(source, path)
            if not isinstance(source, MappingNode):
                self._report(source, path, "'<<' takes a mapping or a list of mappings")
            entries = self._entries.get(id(source), {}) | entries
        return entries

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        kind = node.tag.rpartition(":")[2] if node.tag.startswith("tag:yaml.org,2002:") else node.tag
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return self._scalars.construct_yaml_bool(node)
                case "int":
                    return self._scalars.construct_yaml_int(node)
                case "float":
                    return self._scalars.construct_yaml_float(node)
        except (ValueError, IndexError, KeyError, OverflowError):
            return node.value
        if kind not in ("str", "timestamp", "value", "merge"):
            self._report(node, path, f"the tag {node.tag!r} has no meaning here", "remove it")
        return node.value

    def _duplicate(self, path: Path, first: Node, second: Node) -> None:
        line = first.start_mark.line + 1
        self._report(second, path, f"is given twice, first in line {line}", "keep one of the two")

    def _report(self, node: Node, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(Problem(*_place(self.file, node), dotted(path), message, hint))


def dotted(path: Path) -> str:
    """A path as people write it: `lightllm.transforms[0].match_host`, without the root key."""
    steps = path[1:] if path[:1] == ("ccproxy",) else path
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _compose(text: str, file: str) -> Node | None:
    try:
        _check_depth(text, file)
        node: Node | None = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax(file, error)]) from None
    except yaml.reader.ReaderError as error:
        place = _position(text, file, error.position)
        raise ConfigError([Problem(*place, "", f"is not text: {error.reason}", "remove the character")]) from None
    return node


def _check_depth(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"is nested more than {MAX_DEPTH} levels deep"
                raise ConfigError([Problem(*_mark(file, event.start_mark), "", message, "close a bracket")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Problem:
    what = " ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    place = _mark(file, mark) if mark else Place(file)
    return Problem(*place, "", f"is not valid YAML: {what}", "look at the indentation and the quotes around here")


def _position(text: str, file: str, position: int) -> Place:
    before = text[:position]
    return Place(file, before.count("\n") + 1, position - before.rfind("\n"))


def _place(file: str, node: Node) -> Place:
    return _mark(file, node.start_mark)


def _mark(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)
