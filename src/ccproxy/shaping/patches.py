"""The queue of patches on a shape: a file `series` that names them, and unified diffs of `shape.json`.

As quilt has it (https://man7.org/linux/man-pages/man1/quilt.1.html), with strict context: a hunk stands at the line
that it names, and every line that it shows is as it shows it.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ccproxy.shaping.hunks import Section, lines_of
from ccproxy.shaping.hunks_reading import sections
from ccproxy.shaping.regular import open_regular
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.virtual import FILE

SERIES = "series"
LARGEST = 4 * 1024 * 1024
"""Bytes of a patch, or of a series."""
ALLOWED = "a line of it is FILE, or FILE -pN; # begins a comment"


@dataclass(frozen=True, slots=True)
class Patch:
    """A file of unified diffs, and how many leading components are left out of the names in it."""

    path: Path
    text: str
    strip: int = 1


def read_series(directory: Path) -> list[Patch]:
    """The patches that a directory's `series` names, in order; none if there is no such file. Raises ShapeError."""
    return [Patch(path, text_of(path), strip) for path, strip in listed(directory)]


def listed(directory: Path) -> list[tuple[Path, int]]:
    """The files that `series` names, and what is stripped of their names. Raises ShapeError."""
    series = directory / SERIES
    try:
        lines = text_of(series).split("\n")
    except FileNotFoundError:
        return []
    named = ((at, _entry(f"{series}:{at}", line)) for at, line in enumerate(lines, 1))
    return [(_inside(directory, f"{series}:{at}", *entry), entry[1]) for at, entry in named if entry]


def apply_patches(text: str, patches: Iterable[Patch]) -> str:
    """What the patches make of the text of a `shape.json`, one after the other. Raises ShapeError."""
    for patch in patches:
        for section in _sections(patch):
            text = section.applied(text)
    return text


def diff_text(a: str, b: str, head: str = "") -> str:
    """The unified diff, three lines of context, that makes the second `shape.json` of the first; empty if they are
    equal. `head` is put before it: lines that no reader of patches looks at."""
    lines = "".join(difflib.unified_diff(lines_of(a), lines_of(b), f"a/{FILE}", f"b/{FILE}", n=3))
    return head + lines if lines else ""


def text_of(path: Path) -> str:
    """The text of a small file. Raises FileNotFoundError, and ShapeError for whatever else is wrong with it."""
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ShapeError(f"{path} is larger than {LARGEST:,} bytes", "look at what it holds")
        return data.decode()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ShapeError(f"{path} cannot be read: {error.strerror or error}", "check it and who may read it") from error
    except UnicodeDecodeError as error:
        raise ShapeError(f"{path} is no text in UTF-8: byte {error.start} is not", "write it in UTF-8") from error


def _sections(patch: Patch) -> Iterator[Section]:
    found = sections(patch.text, str(patch.path))
    if not found:
        raise ShapeError(f"{patch.path} holds no unified diff", f"it begins with --- a/{FILE} and +++ b/{FILE}")
    for section in found:
        for name in section.names:
            if stripped(name, patch.strip) != FILE:
                what = f"changes {name!r}, which without {patch.strip} leading components is not {FILE}"
                raise ShapeError(f"{section.place} {what}", f"name a/{FILE} and b/{FILE}, or say -pN in {SERIES}")
        yield section


def stripped(name: str, count: int) -> str:
    """A name without so many leading components (patch(1), -p); empty if it has no more of them."""
    return "/".join(name.split("/")[count:])


def _entry(place: str, line: str) -> tuple[str, int] | None:
    """The file and the strip count of one line; None for one that names nothing."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise ShapeError(f"{place} cannot be read: {error}", ALLOWED) from error
    names, strip, left = [], 1, iter(words)
    for word in left:
        if word == "--":
            continue
        if word.startswith("-p"):
            strip = _count(place, word[2:] or next(left, ""))
        elif word.startswith("-"):
            raise ShapeError(f"{place} has the option {word!r}, which is not known", ALLOWED)
        else:
            names.append(word)
    if len(names) > 1 or (words and not names):
        raise ShapeError(f"{place} names {len(names)} files", ALLOWED)
    return (names[0], strip) if names else None


def _count(place: str, digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or len(digits) > 3:
        raise ShapeError(f"{place} has -p with {digits!r}, which is no small number", ALLOWED)
    return int(digits)


def _inside(directory: Path, place: str, name: str, strip: int) -> Path:
    """The file that is named, links resolved. It is one of the directory's own."""
    try:
        path, home = (directory / name).resolve(), directory.resolve()
        there, is_file = path.exists(), path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a NUL, a name that is too long
        raise ShapeError(f"{place} names {name!r}, which is no path: {error}", "name a file beside it") from error
    if not path.is_relative_to(home):
        raise ShapeError(f"{place} names {name!r}, which is outside of {home}", "put the patch beside the series")
    if not there:
        raise ShapeError(f"{place} names {name!r}, which is not there", "put the patch there, or take the line out")
    if not is_file:
        raise ShapeError(f"{place} names {name!r}, which is no file", "put a patch in its place, or take the line out")
    return path
