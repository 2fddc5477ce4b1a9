"""Shapes made of recorded flows: which of those that were chosen fit, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.shapes.stored import announce, in_words, opened, own_files, profile_of
from ccproxy.cli.words import several, visible

if TYPE_CHECKING:
    from ccproxy.cli.flows.chosen.flow_set import FlowSet, Summary
    from ccproxy.cli.session import Session
    from ccproxy.config import Config
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.exchange import Exchange

KEPT = 5
"""Versions that a file holds."""
MOST_NAMED = 5
"""Flows that cannot be shapes, of which it is said why."""


@dataclass(slots=True)
class Fitting:
    """The flows that were chosen, as far as they were looked at."""

    chosen: int
    exchanges: list[Exchange] = field(default_factory=list)
    """Those that can be a shape, the newest first."""
    others: list[tuple[str, str]] = field(default_factory=list)
    """The ids of those that cannot, and why."""

    def told(self) -> list[str]:
        """A line for each flow that cannot be a shape, the first few of them."""
        lines = [f"flow:{id[:8]} cannot: {why}" for id, why in self.others[:MOST_NAMED]]
        rest = len(self.others) - MOST_NAMED
        return [*lines, f"and {several(rest, 'other')}"] if rest > 0 else lines


def saved(session: Session, config: Config, name: str, found: FlowSet, *, as_versions: bool) -> Path | None:
    """Saves the flows that fit, says which do not, and has a running daemon read the shape. Raises CommandError.

    Returns the file that was written; None where the base is that shape already.
    """
    before = written(config, name)
    path, seen = (save_versions if as_versions else save_patch)(config, name, found)
    for line in seen.told():
        click.echo(visible(line), err=True)
    if written(config, name) == before:
        click.echo("unchanged", err=True)
        return None
    if path is None:
        click.echo("the base is the same as the flow: the patch on it is gone", err=True)
    announce(session, config, name)
    return path


def written(config: Config, name: str) -> dict[Path, bytes]:
    """What there is of a shape, as it is on the disk. Raises CommandError."""
    try:
        return {path: path.read_bytes() for path in own_files(config, name)}
    except OSError as error:
        raise CommandError(f"it was not saved: {error}") from error


def fitting(found: FlowSet, profile: ShapeProfile, most: int) -> Fitting:
    """Looks for `most` flows that can be a shape, the newest first, and no further."""
    seen = Fitting(len(found.summaries))
    for flow in reversed(found.summaries):
        fits = usable(found, flow, profile)
        if isinstance(fits, str):
            seen.others.append((flow["id"], fits))
            continue
        seen.exchanges.append(fits)
        if len(seen.exchanges) == most:
            break
    return seen


def usable(found: FlowSet, flow: Summary, profile: ShapeProfile) -> Exchange | str:
    """The flow that can be a shape, or why it cannot."""
    from ccproxy.shaping.capture import why_not

    if reason := wrong_path(flow, profile):
        return reason
    try:
        ex = found.exchange(flow["id"])
    except CommandError as error:
        return error.message
    return why_not(ex, profile) or ex


def wrong_path(flow: Summary, profile: ShapeProfile) -> str | None:
    """That a flow is no call of the profile's kind, where its summary tells it: not every flow need be read."""
    path, pattern = str(flow.get("path", "")).partition("?")[0], profile.capture.path_pattern
    if "path" not in flow or pattern.search(path):
        return None
    return f"capture.path_pattern, {pattern.pattern!r}, does not match its path {path!r}"


def save_patch(config: Config, name: str, found: FlowSet) -> tuple[Path | None, Fitting]:
    """Writes the patch that makes the base of a profile the shape of the one flow that fits.

    Returns:
        Its path, or None where the base is that shape already; and what was looked at.

    Raises:
        CommandError: not exactly one of the flows can be a shape, or it cannot be written.
    """
    from ccproxy.shaping.capture import fingerprint_of, provenance_of, shape_of

    profile = profile_of(config, name)
    seen = fitting(found, profile, 2)
    if len(seen.exchanges) != 1:
        raise not_one(name, seen)
    ex = seen.exchanges[0]
    with writing(name):
        shape = shape_of(ex, name, profile, provenance_of(ex, "flow"))
        return opened(config).save_patch(name, shape, fingerprint_of(ex)), seen


def save_versions(config: Config, name: str, found: FlowSet) -> tuple[Path, Fitting]:
    """Appends the flows that fit to the file of a profile, the newest last; at most as many as it keeps.

    Returns the file's path, and what was looked at. Raises CommandError: none fits, or it cannot be written.
    """
    from ccproxy.shaping.capture import fingerprint_of, provenance_of, shape_of

    profile = profile_of(config, name)
    seen = fitting(found, profile, KEPT)
    if not seen.exchanges:
        raise not_one(name, seen)
    store = opened(config)
    with writing(name):
        paths = [
            store.save(shape_of(ex, name, profile, provenance_of(ex, "flow")), fingerprint_of(ex))
            for ex in reversed(seen.exchanges)
        ]
    return paths[-1], seen


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


def not_one(name: str, seen: Fitting) -> CommandError:
    """How many flows were chosen, and how to choose otherwise."""
    chosen = "1 flow was" if seen.chosen == 1 else f"{seen.chosen} flows were"
    if not seen.exchanges:
        return CommandError(f"{chosen} chosen, and none can be a shape of {name!r}", *seen.told())
    return CommandError(
        f"{chosen} chosen, and more than one can be a shape of {name!r}: a patch is made of one",
        f"of one: ccproxy shapes save {name} {seen.exchanges[0].id[:8]}, which is the newest that can",
        "--host, --since, --session, --jq and --limit narrow the choice down",
        "--mflow keeps each of them, as versions",
    )
