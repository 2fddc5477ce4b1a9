"""From a YAML text to nodes that know their place, and nothing but ConfigError on the way."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.nodes import Node

from ccproxy.config.errors import ConfigError, Place, Problem

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where it is installed: ten times as fast as the one in Python."""
MAX_DEPTH = 64
"""The parsers recurse without looking; some ten thousand brackets would end the process."""


def compose(text: str, file: str) -> Node | None:
    """The root node of the one document in `text`, None if it is empty. Raises ConfigError."""
    try:
        _check_depth(text, file)
        root: Node | None = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax(error, file)]) from None
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        raise ConfigError([_character(error, text, file)]) from None
    return root


def place_of(node: Node, file: str) -> Place:
    """Where a node begins."""
    return _place(node.start_mark, file)


def _check_depth(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            message = f"is nested more than {MAX_DEPTH} levels deep"
            raise ConfigError([Problem(*_place(event.start_mark, file), "", message, "is a bracket not closed?")])


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    begun = f" that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
    what = f"{error.context}{begun}, {error.problem}" if error.context else error.problem
    mark = error.problem_mark or error.context_mark
    place = _place(mark, file) if mark else Place(file)
    return Problem(*place, "", f"is not valid YAML: {what}", "look at the indentation and the quotes around here")


def _character(error: yaml.reader.ReaderError | UnicodeEncodeError, text: str, file: str) -> Problem:
    position = error.start if isinstance(error, UnicodeEncodeError) else error.position
    before = text[:position]
    line, column = before.count("\n") + 1, position - before.rfind("\n")
    message = f"the character {text[position : position + 1]!r} cannot stand in YAML"
    return Problem(file, line, column, "", message, "remove it, or write it as an escape in double quotes")


def _place(mark: Any, file: str) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)
