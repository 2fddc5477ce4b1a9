"""Where flows are: the archive and the daemon, read as one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.chosen.loss import tell_loss
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.cli.words import several
from ccproxy.config.paths import archive_path
from ccproxy.flows.reader import ArchiveError, FlowMissing
from ccproxy.flows.selection import Selection, newest

if TYPE_CHECKING:
    from ccproxy.cli.flows.chosen.live import LiveReader
    from ccproxy.exchange import Exchange
    from ccproxy.flows.archive.reader import ArchiveReader


def sources(session: Session, archive: Path | None = None, *, secrets: bool = False) -> Sources:
    """The archive and the daemon of this session, or another archive alone. Raises CommandError.

    With `secrets` the exchanges have their credentials, as far as they were kept.
    """
    if archive is not None:
        return Sources(open_archive(archive), None, secrets=secrets)
    refuse_inside_jail()
    from ccproxy.cli.flows.chosen.live import LiveReader

    path = archive_path()
    kept = open_archive(path) if path.exists() else None
    try:
        return Sources(kept, LiveReader(session.control(), unarchived=kept is not None), secrets=secrets)
    except CommandError as error:  # no directory for sockets
        if kept is None:
            raise
        say(error)
        return Sources(kept, None, secrets=secrets)


def open_archive(path: Path) -> ArchiveReader:
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


@contextmanager
def no_collection() -> Iterator[None]:
    """The garbage collector rests: it takes as long as all the rest where so many objects are made and none is lost."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Sources:
    """Both as one reader; where both have a flow, the daemon's is taken. Every method raises CommandError."""

    def __init__(self, archive: ArchiveReader | None, live: LiveReader | None, *, secrets: bool = False) -> None:
        self.archive = archive
        self.live = live
        self.secrets = secrets
        self.live_first = secrets
        """Ask the daemon before the archive, which may have less of a flow: no credentials, no bodies."""
        self.live_ids: set[str] = set()
        """Of the flows that the daemon told of."""

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """The flows that were selected, the oldest first."""
        none: list[dict[str, Any]] = []
        live = self.ask(lambda live: live.summaries(selection), none)
        self.live_ids |= {flow["id"] for flow in live}
        if self.archive is None:
            return live
        with in_words(), no_collection():
            kept = self.archive.summaries(selection)
        if self.archive.damaged:
            more = ", perhaps more" if self.archive.more_damaged else ""
            tell_loss(f"{several(self.archive.damaged, 'flow')} that cannot be read{more}")
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
        """All of one flow, the daemon's if it has it and the archive may have less. Raises FlowMissing, FlowDamaged."""
        if self.live_first or id in self.live_ids:
            return self.from_live(id) or self.from_archive(id)
        try:
            return self.from_archive(id)
        except FlowMissing:
            if found := self.from_live(id):
                return found
            raise

    def from_live(self, id: str) -> Exchange | None:
        """The flow as the daemon has it; None if it has not."""
        try:
            return self.ask(lambda live: live.exchange(id), None)
        except FlowMissing:
            return None

    def from_archive(self, id: str) -> Exchange:
        """The flow as it was archived. Raises FlowMissing, FlowDamaged."""
        if self.archive is None:
            raise FlowMissing(id)
        with in_words():
            return self.archive.exchange(id, secrets=self.secrets)

    def kept_summary(self, id: str) -> dict[str, Any]:
        """What the archive tells of a flow, with what only its writer knows; nothing where it has not the flow."""
        if self.archive is None:
            return {}
        with in_words():
            return self.archive.summary(id) or {}

    def delete(self, ids: Collection[str]) -> int:
        """Forgets these wherever they are; those under way stay. Returns how many there were, or about."""
        live = self.ask(lambda live: live.delete(ids), 0)
        with in_words():
            kept = self.archive.delete(ids) if self.archive else 0
        return max(live, kept)

    def clear_memory(self) -> None:
        """Lets the daemon forget all that is finished."""
        self.ask(lambda live: live.clear(), 0)

    def ask[T](self, question: Callable[[LiveReader], T], otherwise: T) -> T:
        """The daemon's answer; `otherwise` where there is an archive and no daemon that answers."""
        from ccproxy.cli.control import NotRunningError

        if self.live is None:
            return otherwise
        try:
            return question(self.live)
        except CommandError as error:
            if self.archive is None:
                raise nowhere() if isinstance(error, NotRunningError) else error from error
            if not isinstance(error, NotRunningError):
                say(error)
            self.live = None
            return otherwise


def say(trouble: CommandError) -> None:
    """That only the archive is read, and why."""
    click.echo(f"only what is archived: {trouble.message}", err=True)


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
