"""`ccproxy shapes audit`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.shaping.audit import Finding

EXAMPLES = [
    ("your own shapes, and the packaged names", "ccproxy shapes audit"),
    ("files that somebody gave you", "ccproxy shapes audit --directory ./shapes"),
]


@command("audit", examples=EXAMPLES)
@click.option("--directory", metavar="DIR", type=click.Path(path_type=Path), help="Look there, not at your own.")
@click.option("as_json", "--json", is_flag=True, help="Print an array of what was found, one object each.")
@click.pass_obj
def audit(session: Session, directory: Path | None, as_json: bool) -> None:
    """Look for what should be in no shape: credentials, ids, content, in every flow of every file, and in patches.

    Content is what the profile of the file's name says is the caller's. Exit status 1 if there is any of it, or a file
    or patch cannot be read or used. No secret is printed.
    """
    from ccproxy.cli.shapes.stored import in_words
    from ccproxy.shaping.shape import ShapeError

    try:
        checked, found = looked_at(session, directory)
    except ShapeError as error:
        raise in_words(error) from error
    if as_json:
        click.echo(json.dumps([as_value(each) for each in found], indent=2, ensure_ascii=False))
    else:
        report(checked, found)
    if found:
        raise click.exceptions.Exit(1)


def looked_at(session: Session, directory: Path | None) -> tuple[str, list[Finding]]:
    """What there is, in words, and what was found in it. Raises ShapeError, ConfigError."""
    from ccproxy.cli.shapes.stored import packaged_dir, shapes_dir
    from ccproxy.shaping.audit import audit_directory

    config = session.config()
    profiles, mine = config.shaping.providers, shapes_dir(config)
    if directory is not None:
        own = mine.is_dir() and directory.resolve() == mine.resolve()
        return counted(directory) or f"no shapes in {directory}", audit_directory(directory, profiles, own=own)
    found = audit_directory(packaged_dir(), profiles, own=False)
    there = os.path.lexists(mine)
    found += audit_directory(mine, profiles) if there else []
    own_files = counted(mine) if there else ""
    names = "the names that come with ccproxy"
    return f"{own_files}, and in {names}" if own_files else f"{names}; there are no shapes of yours in {mine}", found


def counted(directory: Path) -> str:
    """How many files of shapes and patches a directory has, in words; empty if none. Raises ShapeError."""
    from ccproxy.cli.words import several
    from ccproxy.shaping.audit import files_in

    files, patches = files_in(directory)
    count = len(files) + len([path for path in patches if path.suffix == ".patch"])
    return several(count, "file") if count else ""


def as_value(finding: Finding) -> dict[str, object]:
    """One finding, in plain values."""
    return {
        "file": str(finding.file),
        "flow": finding.flow,
        "where": finding.where,
        "what": finding.what,
        "fix": finding.fix,
    }


def report(checked: str, found: list[Finding]) -> None:
    """A line for each, and what to do about it below; or how much was looked at."""
    from ccproxy.cli.words import several, visible

    for each in found:
        where = f"{each.file}, flow {each.flow}" if each.flow is not None else str(each.file)
        click.echo(click.style(visible(f"{where}: {each.where}: {each.what}"), fg="red"), err=True)
        click.echo(f"  {visible(each.fix)}", err=True)
    told = f"{several(len(found), 'problem')} in " if found else "nothing was found in "
    click.echo(visible(checked if checked.startswith("no ") and not found else f"{told}{checked}"), err=True)
