"""Shapes made of recorded flows: what is written, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.shapes.clients import hints, require_one, require_wanted, told, versions
from ccproxy.cli.shapes.fitting import Fitting, fitting, not_one
from ccproxy.cli.shapes.stored import announce, in_words, opened, own_files, profile_of
from ccproxy.cli.words import several, visible

if TYPE_CHECKING:
    from ccproxy.cli.flows.chosen.flow_set import FlowSet
    from ccproxy.cli.session import Session
    from ccproxy.config import Config
    from ccproxy.exchange import Exchange
    from ccproxy.shaping.shape import Shape

KEPT = 5
"""Versions that a file holds."""


def saved(
    session: Session, config: Config, name: str, found: FlowSet, *, as_versions: bool, yes: bool = False
) -> Path | None:
    """Saves the flows that fit, says what was kept and which do not fit, and has a running daemon read the shape.

    Returns the file that was written; None where the base is that shape already. Raises CommandError, also where the
    shape that is there is of another client, unless `yes` or somebody agrees to it.
    """
    before = written(config, name)
    path, seen, lines = (save_versions if as_versions else save_patch)(config, name, found, yes=yes)
    unchanged = written(config, name) == before
    for line in [*seen.told(), *([] if unchanged else lines)]:
        click.echo(visible(line), err=True)
    if unchanged:
        click.echo("unchanged", err=True)
        return None
    if path is None:
        click.echo("the base is the same as the flow: the patch on it is gone", err=True)
    announce(session, config, name)
    for line in hints(seen.exchanges) if path else ():
        click.echo(click.style(line, dim=True), err=True)
    return path


def written(config: Config, name: str) -> dict[Path, bytes]:
    """What there is of a shape, as it is on the disk. Raises CommandError."""
    try:
        return {path: path.read_bytes() for path in own_files(config, name)}
    except OSError as error:
        raise CommandError(f"it was not saved: {error}") from error


def save_patch(config: Config, name: str, found: FlowSet, *, yes: bool) -> tuple[Path | None, Fitting, Sequence[str]]:
    """Writes the patch that makes the base of a profile the shape of the one flow that fits.

    Returns:
        Its path, or None where the base is that shape already; what was looked at; and what to say of it.

    Raises:
        CommandError: not exactly one of the flows can be a shape, it is of another client, or it cannot be written.
    """
    from ccproxy.shaping.capture import fingerprint_of

    seen = fitting(found, profile_of(config, name), 2)
    if len(seen.exchanges) != 1:
        raise not_one(name, seen)
    ex, store = seen.exchanges[0], opened(config)
    require_wanted(store, name, require_one(name, [ex]), yes=yes)
    with writing(name):
        shape = shaped(config, name, ex)
        path = store.save_patch(name, shape, fingerprint_of(ex))
    return path, seen, [f"kept, as a patch: {told(shape.provenance)}"] if path else []


def save_versions(config: Config, name: str, found: FlowSet, *, yes: bool) -> tuple[Path, Fitting, Sequence[str]]:
    """Appends the flows that fit to the file of a profile, the newest last; at most as many as it keeps.

    Returns the file's path, what was looked at, and what was kept and pushed out. Raises CommandError: none fits, they
    are of several clients or of another one, or it cannot be written.
    """
    from ccproxy.shaping.capture import fingerprint_of

    seen = fitting(found, profile_of(config, name), KEPT)
    if not seen.exchanges:
        raise not_one(name, seen)
    store, exchanges = opened(config), seen.exchanges[::-1]
    require_wanted(store, name, require_one(name, exchanges), yes=yes)
    before = versions(store, name)
    with writing(name):
        shapes = [shaped(config, name, ex) for ex in exchanges]
        paths = [store.save(shape, fingerprint_of(ex)) for shape, ex in zip(shapes, exchanges, strict=True)]
    return paths[-1], seen, changes(before, shapes, seen.unseen)


def shaped(config: Config, name: str, ex: Exchange) -> Shape:
    """The shape of a flow. Raises NotAShape."""
    from ccproxy.shaping.capture import provenance_of, shape_of

    return shape_of(ex, name, profile_of(config, name), provenance_of(ex, "flow"))


def changes(before: Sequence[Shape], added: Sequence[Shape], unseen: int) -> list[str]:
    """A line for each capture that is new, and for each that had to go."""
    gone = before[: max(0, len(before) + len(added) - KEPT)]
    most = [f"the newest {KEPT} were taken, as many as a file holds; {several(unseen, 'flow')} not looked at"]
    return [
        *(most if unseen else []),
        *(f"kept: {told(shape.provenance)}" for shape in added),
        *(f"pushed out: {told(shape.provenance)}" for shape in gone),
    ]


@contextmanager
def writing(name: str) -> Iterator[None]:
    """What can go wrong there, as CommandError."""
    from ccproxy.shaping.capture import NotAShape
    from ccproxy.shaping.shape import ShapeError

    try:
        yield
    except ShapeError as error:
        raise in_words(error) from error
    except NotAShape as error:
        raise CommandError(f"the flow cannot be a shape of {name!r}: {error.reason}") from error
    except OSError as error:
        raise CommandError(f"it was not saved: {error}") from error
