"""What comes from the site as a terminal and files may have it: nothing of it moves a cursor, rings or colours."""

from __future__ import annotations

import json
import re
import unicodedata

import click

from ccproxy.cli.words import CONTROL, visible

LONGEST_NAME = 80
"""Characters of a file's name, without its ending."""
NOT_IN_NAMES = re.compile(r"[^\w.-]+")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are devices on a file system of Windows."""


def lines(text: str) -> str:
    """The text with its lines and its tabs, and with all other control characters spelled out."""
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("\t".join(visible(cell) for cell in page.split("\t")) for page in pages)


def one_line(text: str) -> str:
    """The text as one line, with control characters spelled out."""
    return visible(" ".join(text.split()))


def entries(number: int) -> str:
    """`1 entry`, `2 entries`."""
    return "1 entry" if number == 1 else f"{number} entries"


def as_json(value: object) -> None:
    """Print what `--json` prints. Control characters are escaped, those too that JSON lets pass."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    safe = "\n".join(CONTROL.sub(escaped, line) for line in text.split("\n"))
    click.echo(safe.encode("utf-8", "backslashreplace"))


def escaped(match: re.Match[str]) -> str:
    """A character as JSON escapes it (RFC 8259 §7)."""
    return f"\\u{ord(match[0]):04x}"


def file_name(title: str, slug: str) -> str:
    """A name for the file of a thread, without its ending: from the title, or from the slug where that gives none.

    It is no path, not hidden, no option and no device, whatever the title is.
    """
    for text in (title, slug):
        plain = NOT_IN_NAMES.sub("-", unicodedata.normalize("NFKC", text).casefold())
        name = cut(plain).strip("-._")
        if name and not RESERVED.fullmatch(name):
            return name
    return "thread"


def cut(name: str) -> str:
    """At most LONGEST_NAME characters, and not more bytes than a file's name may have; whole words if possible."""
    if len(name) > LONGEST_NAME:
        name = name[:LONGEST_NAME].rpartition("-")[0] or name[:LONGEST_NAME]
    return name.encode()[:240].decode(errors="ignore")
