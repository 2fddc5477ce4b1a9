"""`ccproxy flows import`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.flows.chosen.sources import in_words, refuse_inside_jail
from ccproxy.cli.flows.files.chosen import format_of
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several
from ccproxy.config.paths import archive_path

if TYPE_CHECKING:
    from ccproxy.config.services import Flows
    from ccproxy.exchange import Exchange
    from ccproxy.flows.importing import Count

EXAMPLES = [
    ("what another machine exported", "ccproxy flows import session.mflow"),
    ("a browser's network panel, and what mitmdump wrote", "ccproxy flows import browser.har traffic.flow"),
    ("only look", "ccproxy flows import --dry-run session.mflow"),
]
DAY_SECONDS = 86_400.0


@command("import", examples=EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only read the files, and say what is in them.")
@click.pass_obj
def import_flows(session: Session, files: tuple[Path, ...], dry_run: bool) -> None:
    """Put the exchanges of files into the archive: HAR files, and flow files of mitmproxy.

    What `ccproxy flows export` or `dump` wrote comes back as it was, without what was redacted. Of other files each
    entry is one flow. Flows that the archive has already stay as they are. Credentials are kept as the configuration
    says (`flows.secrets`).
    """
    refuse_inside_jail()
    config, errors = session.config().flows, []
    for file in files:
        try:
            look_at(file) if dry_run else take(file, config)
        except CommandError as error:
            errors.append(error)
            if len(files) > 1:
                error.show()
    if errors:
        raise errors[0] if len(files) == 1 else CommandError(f"{several(len(errors), 'file')} not read to the end")


def take(file: Path, config: Flows) -> None:
    """Imports a file and says what became of it. Raises CommandError; what came before the error is kept."""
    from ccproxy.flows.files import FlowFileError
    from ccproxy.flows.importing import Count, Importer

    count, bodies = Count(), config.archive != "metadata"
    with in_words(), Importer(archive_path(), complain, lock_of(config), bodies=bodies) as importer:
        try:
            importer.take(exchanges_of(file), count)
        except (FlowFileError, OSError) as error:
            raise unread(file, error, count, "imported") from error
    click.echo(told(file, count, "imported"), err=True)
    warn_of_age(count, config)


def complain(text: str) -> None:
    """What keeps a flow from being kept whole."""
    click.echo(text, err=True)


def lock_of(config: Flows) -> Callable[[str, bytes], bytes] | None:
    """What seals credentials, if they are to be kept. Raises ArchiveError."""
    if config.secrets != "encrypted":
        return None
    from ccproxy.flows.archive.sealed import Seal

    return Seal.of(archive_path(), make=True).seal


def look_at(file: Path) -> None:
    """Says what is in a file. Raises CommandError."""
    from ccproxy.flows.archive.reader import ArchiveReader
    from ccproxy.flows.files import FlowFileError
    from ccproxy.flows.importing import Count, new

    count, path = Count(), archive_path()
    with in_words():
        reader = ArchiveReader(path) if path.exists() else None
        try:
            for _ in new(exchanges_of(file), reader, count):
                count.taken += 1
        except (FlowFileError, OSError) as error:
            raise unread(file, error, count, "to import") from error
    click.echo(told(file, count, "to import"), err=True)


def exchanges_of(file: Path) -> Iterator[Exchange]:
    """The flows of a file of either kind. Raises FlowFileError and OSError when they are read."""
    from ccproxy.flows.files import kind_of

    if kind_of(file) == "har":
        from ccproxy.flows.har import reading as har_reading

        yield from har_reading.read(file, format_of)
    else:
        from ccproxy.flows.mflow import reading as mflow_reading

        gc.enable()  # mitmproxy's flows hold on to each other
        yield from mflow_reading.read(file, format_of)


def unread(file: Path, error: Exception, count: Count, what: str) -> CommandError:
    """Why a file could not be read, or not to its end."""
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    before: Sequence[str] = [told(file, count, what)] if count.taken or count.known else []
    return CommandError(f"{file} cannot be read{' to its end' if before else ''}: {why}", *before)


def told(file: Path, count: Count, what: str) -> str:
    """`x.har: 12 flows imported, 3 were there already`."""
    known = f", {count.known} {'was' if count.known == 1 else 'were'} there already" if count.known else ""
    return f"{file}: {several(count.taken, 'flow')} {what}{known}"


def warn_of_age(count: Count, config: Flows) -> None:
    """The daemon forgets what is old: who imports such flows should know."""
    if count.oldest is not None and count.oldest < time.time() - config.max_age_days * DAY_SECONDS:
        click.echo(
            f"some are older than {config.max_age_days:g} days: the daemon will delete those, see flows.max_age_days",
            err=True,
        )
