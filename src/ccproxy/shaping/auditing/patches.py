"""Secrets in what patches add to `shape.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ccproxy.shaping.auditing.messages import Leak, field, is_harmless, named, target
from ccproxy.shaping.auditing.values import leaks
from ccproxy.shaping.reducing.secrets import is_secret_name, is_signature_field

_MEMBER = re.compile(r'(\s*)(?:("(?:[^"\\]|\\.)*")\s*:\s*)?(.*)', re.DOTALL)
SIGNS = ("{", "}", "[", "]", "{}", "[]")
_HEAD = re.compile(r"#\s*[\w.-]+:\s*([\[{].*)", re.DOTALL)


def patch_leaks(name: str, text: str) -> Iterator[Leak]:
    """What is in the added lines of a patch, and in the lines before it that tell where it comes from."""
    above: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        where = f"patch {name}:{number}"
        if line[:1] not in {"+", " "} or line.startswith("+++ "):
            above = [] if line.startswith("@@") else above
            yield from _beside(line, where)
            continue
        if line[0] == "+":
            yield from _line(line[1:], above, where)
        _descend(line[1:], above)


def _beside(line: str, where: str) -> Iterator[Leak]:
    """A line of the head, or of a hunk's; what a patch removes was never its own."""
    found = _HEAD.fullmatch(line)
    if found or line[:1] != "-" or line.startswith("--- "):
        yield from _all_at(leaks(_value(found[1]) if found else line.lstrip("#@+- "), ""), where)


def _line(line: str, above: list[tuple[int, str]], where: str) -> Iterator[Leak]:
    """One added line: it is read by its own name, and by the names of the members that it stands in."""
    indent, name, value = _parts(line)
    names = [name, *(each for at, each in above if at < indent)]
    if value in SIGNS:
        return
    if isinstance(value, str) and name == "url":
        yield from _all_at(target(value, ""), where)
    elif isinstance(value, str) and any(map(_is_told, names)) and not is_harmless(value):
        yield Leak(where, named(value))
    elif isinstance(value, str) and "headers" in names[1:]:
        yield from _all_at(field(name or names[-1], value, ""), where)
    else:
        yield from _all_at(leaks({name or names[-1]: value}, "", strict=True), where)


def _is_told(name: str) -> bool:
    return is_secret_name(name) or is_signature_field(name)


def _descend(line: str, above: list[tuple[int, str]]) -> None:
    indent, name, value = _parts(line)
    above[:] = [(at, each) for at, each in above if at < indent]
    if name and value in ("{", "["):
        above.append((indent, name))


def _parts(line: str) -> tuple[int, str, Any]:
    """How far a line of indented JSON is indented, the name of its member, and its value or its first sign."""
    found = _MEMBER.match(line)
    if found is None:
        return 0, "", line
    name = _value(found[2]) if found[2] else ""
    return len(found[1]), str(name), _value(found[3].strip().removesuffix(","))


def _value(text: str) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return text


def _all_at(found: Iterator[Leak], where: str) -> Iterator[Leak]:
    return (Leak(where, each.what) for each in found)
