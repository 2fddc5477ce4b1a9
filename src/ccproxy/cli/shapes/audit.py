"""`ccproxy shapes audit`."""

from __future__ import annotations

import json
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

    Exit status 1 if there is any, or a file or patch cannot be used. No secret is printed.
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


def looked_at(session: Session, directory: Path | None) -> tuple[int, list[Finding]]:
    """How many files there are, and what was found in them. Raises ShapeError, ConfigError."""
    from ccproxy.cli.shapes.stored import packaged_dir, shapes_dir
    from ccproxy.shaping.audit import audit_directory

    config = session.config()
    profiles = config.shaping.providers
    own = shapes_dir(config)
    places = [directory] if directory is not None else [packaged_dir(), *([own] if own.is_dir() else [])]
    found = [finding for place in places for finding in audit_directory(place, profiles)]
    return sum(map(files_in, places)), found


def files_in(directory: Path) -> int:
    """How many files of shapes and patches a directory has."""
    return sum(len([*directory.glob(pattern)]) for pattern in ("*.mflow", "*.json", "*/*.patch"))


def as_value(finding: Finding) -> dict[str, object]:
    """One finding, in plain values."""
    return {
        "file": str(finding.file),
        "flow": finding.flow,
        "where": finding.where,
        "what": finding.what,
        "fix": finding.fix,
    }


def report(checked: int, found: list[Finding]) -> None:
    """A line for each, and what to do about it below; or how much was looked at."""
    from ccproxy.cli.words import several, visible

    for each in found:
        where = f"{each.file}, flow {each.flow}" if each.flow is not None else str(each.file)
        click.echo(click.style(visible(f"{where}: {each.where}: {each.what}"), fg="red"), err=True)
        click.echo(f"  {visible(each.fix)}", err=True)
    told = f"{several(len(found), 'problem')} in" if found else "nothing was found in"
    click.echo(f"{told} {several(checked, 'file')}", err=True)
