"""Where flows are: the archive and the daemon, read as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.flows.reader import ArchiveError, FlowMissing
from ccproxy.flows.selection import Selection, newest

if TYPE_CHECKING:
    from ccproxy.cli.flows.live import LiveReader
    from ccproxy.exchange import Exchange
    from ccproxy.flows.reader import FlowReader

ARCHIVE = "flows.db"


def archive_path() -> Path:
    """The user's own archive; it need not exist."""
    from ccproxy.config.paths import state_dir

    return state_dir() / ARCHIVE


def sources(session: Session, archive: Path | None = None) -> Sources:
    """The archive and the daemon of this session, or another archive alone. Raises CommandError."""
    if archive is not None:
        return Sources(open_archive(archive), None)
    refuse_inside_jail()
    from ccproxy.cli.flows.live import LiveReader

    path = archive_path()
    kept = open_archive(path) if path.exists() else None
    try:
        return Sources(kept, LiveReader(session.control(), unarchived=kept is not None))
    except CommandError as error:  # no directory for sockets
        if kept is None:
            raise
        return Sources(kept, None, error)


def open_archive(path: Path) -> FlowReader:
    """A reader of an archive. Raises CommandError."""
    from ccproxy.flows.archive.reader import ArchiveReader

    with in_words():
        return ArchiveReader(path)


def refuse_inside_jail() -> None:
    """Raises CommandError in a jail, from which neither is to be seen."""
    from ccproxy.config.paths import inside_jail

    try:
        inside = inside_jail()
    except OSError:
        return
    if inside:
        from ccproxy.cli.control import NotRunningError

        raise NotRunningError(inside=True)


@contextmanager
def in_words() -> Iterator[None]:
    """An archive that cannot be used is an error for people: CommandError."""
    try:
        yield
    except ArchiveError as error:
        raise CommandError(str(error), *filter(None, [error.fix])) from error


class Sources:
    """Both as one reader; where both have a flow, the daemon's is taken. Every method raises CommandError."""

    def __init__(
        self, archive: FlowReader | None, live: LiveReader | None, trouble: CommandError | None = None
    ) -> None:
        self.archive = archive
        self.live = live
        self.live_ids: set[str] = set()
        """Of the flows that the daemon told of."""
        if trouble is not None:
            self.say(trouble)

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """The flows that were selected, the oldest first."""
        none: list[dict[str, Any]] = []
        live = self.ask(lambda live: live.summaries(selection), none)
        self.live_ids |= {flow["id"] for flow in live}
        if self.archive is None:
            return live
        with in_words():
            kept = self.archive.summaries(selection)
        return united(kept, live, selection.limit) if live else kept

    def find(self, beginning: str, most: int = 6) -> Sequence[str]:
        """The ids that begin so; at most `most`, but the one that is `beginning` alone if there is such a flow."""
        none: Sequence[str] = ()
        live = self.ask(lambda live: live.find(beginning, most), none)
        self.live_ids |= set(live)
        with in_words():
            kept = self.archive.find(beginning, most) if self.archive else ()
        found = list(dict.fromkeys([*kept, *live]))
        return [beginning] if beginning in found else found[:most]

    def exchange(self, id: str) -> Exchange:
        """All of one flow. Raises FlowMissing and FlowDamaged too."""
        order: list[FlowReader | LiveReader | None] = [self.archive, self.live]
        for reader in reversed(order) if id in self.live_ids else order:
            try:
                if reader is not None:
                    with in_words():
                        return reader.exchange(id)
            except FlowMissing:
                continue
        raise FlowMissing(id)

    def delete(self, ids: Collection[str]) -> int:
        """Forgets these wherever they are; those under way stay. Returns how many there were, or about."""
        live = self.ask(lambda live: live.delete(ids), 0)
        with in_words():
            kept = self.archive.delete(ids) if self.archive else 0
        return max(live, kept)

    def ask[T](self, question: Callable[[LiveReader], T], otherwise: T) -> T:
        """The daemon's answer; `otherwise` where there is an archive and no daemon that answers."""
        from ccproxy.cli.control import NotRunningError

        if self.live is None:
            return otherwise
        try:
            return question(self.live)
        except CommandError as error:
            self.live = None
            if self.archive is None:
                raise nowhere() if isinstance(error, NotRunningError) else error from error
            if not isinstance(error, NotRunningError):
                self.say(error)
            return otherwise

    def say(self, trouble: CommandError) -> None:
        """That only the archive is read, and why."""
        click.echo(f"only what is in the archive, for {trouble.message}", err=True)


def united(kept: list[dict[str, Any]], live: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    """Both lists as one, the oldest first."""
    found = {flow["id"]: flow for flow in (*kept, *live)}
    return newest(sorted(found.values(), key=lambda flow: str(flow["time"])), limit)


def nowhere() -> CommandError:
    """That there are no flows to be had, and how to get some."""
    return CommandError(
        f"no daemon is running, and there is no archive at {archive_path()}",
        "start one with `ccproxy start`, or see it all at once with `ccproxy demo`",
    )
