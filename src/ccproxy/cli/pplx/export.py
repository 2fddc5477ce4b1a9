"""`ccproxy pplx export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.pplx.asking import ask, provider_option
from ccproxy.cli.pplx.words import file_name, lines
from ccproxy.cli.session import Session

EXAMPLES = [
    ("into a file that is named after the thread", "ccproxy pplx export how-do-tides-work-4fQ2"),
    ("into another one", "ccproxy pplx export how-do-tides-work-4fQ2 -o tides.md"),
    ("for another program, without links", "ccproxy pplx export how-do-tides-work-4fQ2 --citations clean -o - | wc -w"),
]

MODES = ["markdown", "default", "clean"]


@command("export", examples=EXAMPLES)
@click.argument("slug")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write to this file; - is standard output.  [default: a name made of the title, here]",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option(
    "--citations",
    type=click.Choice(MODES),
    help="Make links of [1], leave them (default), or leave them out (clean).  [default: pplx.thread.citation_mode]",
)
@click.option("--reasoning", is_flag=True, help="Plans and steps, too.")
@provider_option
@click.pass_obj
def export(
    session: Session,
    slug: str,
    output: Path | None,
    force: bool,
    citations: str | None,
    reasoning: bool,
    provider: str | None,
) -> None:
    """Write a thread as a page of Markdown, readable by you only.

    SLUG is what `ccproxy pplx threads` lists, or the address of the thread's page.
    """
    from ccproxy.cli.flows.files.chosen import refuse_to_replace

    if output is not None and str(output) != "-":
        refuse_to_replace(output, force=force)
    wanted = {"slug": slug, "citations": citations, "provider": provider}
    found = ask(session, "export", reasoning=reasoning or None, **wanted)
    page = lines(found["markdown"]).encode(errors="replace")
    if str(output) == "-":
        sys.stdout.buffer.write(page)
        return
    file = output or Path(file_name(found["title"], found["slug"]) + ".md")
    refuse_to_replace(file, force=force)
    write(file, page)
    click.echo(f"wrote {file}", err=True)


def write(file: Path, page: bytes) -> None:
    """Writes the file, whole or not at all. Raises CommandError."""
    from ccproxy.flows.files import private_file

    try:
        with private_file(file) as out:
            out.write(page)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror or error}") from error
