"""The set of flows that a command is about: archive and daemon together, then the filters, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.chosen.loss import tell_loss
from ccproxy.cli.flows.chosen.options import Wanted, set_options
from ccproxy.cli.flows.chosen.sources import Sources, sources
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.flows.reader import FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection, newest

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.flows.reader import FlowReader

__all__ = ["FlowSet", "Summary", "Wanted", "filtered", "one", "open_set", "set_options"]

type Summary = dict[str, Any]

MOST_NAMED = 5
"""Flows that an ambiguous id is told of."""

MOST_LOOKED_AT = 1000
"""Flows in which a name like the one that was given is looked for."""


@dataclass(slots=True)
class FlowSet:
    """What was selected. Exchanges are read when they are asked for, one at a time."""

    reader: Sources
    summaries: list[Summary]
    """The oldest first, or in the order that the filters gave them."""
    secrets: bool = False
    """Whether credentials are shown, as far as they were kept."""

    @property
    def ids(self) -> list[str]:
        """Of the flows, in their order."""
        return [flow["id"] for flow in self.summaries]

    def exchange(self, id: str) -> Exchange:
        """One flow, credentials redacted unless `secrets`. Raises CommandError if it is gone or damaged."""
        return read(self.reader, id, secrets=self.secrets)

    def exchanges(self) -> Iterator[Exchange]:
        """All of them, in their order; those that cannot be read are named on standard error and left out.

        Raises CommandError where there is only one, and it cannot be read.
        """
        said = set[str]()
        for id in self.ids:
            try:
                yield self.exchange(id)
            except CommandError as error:
                if len(self.summaries) == 1:
                    raise
                if error.message not in said:  # that a key is missing is true of many
                    tell_loss(error.message)
                said.add(error.message)


def open_set(session: Session, wanted: Wanted, *, secrets: bool = False) -> FlowSet:
    """The flows that are meant. Raises CommandError: an archive that cannot be read, a filter that is wrong.

    The plain options come first, then the filters, `limit` last: the last N of what the filters give.
    """
    reader, filters = sources(session, wanted.archive, secrets=secrets), all_filters(session, wanted)
    if not filters:
        return FlowSet(reader, reader.summaries(wanted.selection), secrets)
    from ccproxy.flows.query.query import choose

    found = reader.summaries(replace(wanted.selection, limit=None))
    with filter_errors(filters, wanted):
        return FlowSet(reader, newest(choose(filters, found), wanted.selection.limit), secrets)


def filtered(session: Session, wanted: Wanted) -> list[Any]:
    """What the filters make of the flows, whatever that is, for those who print it. Raises CommandError."""
    reader, filters = sources(session, wanted.archive), all_filters(session, wanted)
    if not filters:
        return reader.summaries(wanted.selection)
    from ccproxy.flows.query.query import apply

    found = reader.summaries(replace(wanted.selection, limit=None))
    with filter_errors(filters, wanted):
        return newest(apply(filters, found), wanted.selection.limit)


@contextmanager
def filter_errors(filters: Sequence[str], wanted: Wanted) -> Iterator[None]:
    """CommandError for filters that are wrong. Those that nobody typed are named as the configuration's."""
    from ccproxy.flows.query.query import QueryError

    try:
        yield
    except QueryError as error:
        of_configuration = filters[: len(filters) - len(wanted.filters)]
        named = [f"flows.default_jq_filters in ccproxy.yaml has {text!r}" for text in of_configuration]
        raise CommandError(str(error), *error.details, *named) from error


def nearest(found: FlowSet, wanted: Wanted) -> list[str]:
    """A hint where no flow went to the provider that was asked for and others have names like it."""
    from difflib import get_close_matches

    asked = wanted.selection.provider
    if found.summaries or not asked:
        return []
    known = {str(flow.get("provider")) for flow in found.reader.summaries(Selection(limit=MOST_LOOKED_AT))}
    near = get_close_matches(asked, known, n=1) if asked not in known else []
    return [f"no flow went to a provider {asked!r}; did you mean {name!r}?" for name in near]


def all_filters(session: Session, wanted: Wanted) -> Sequence[str]:
    """Those of the configuration, then those of the command line."""
    from ccproxy.cli.flows.chosen.default_filters import default_filters

    return (*default_filters(session), *wanted.filters)


def one(session: Session, beginning: str, *, secrets: bool = False) -> Exchange:
    """The one flow whose id begins so. Raises CommandError: there is none, or there are several."""
    reader = sources(session, secrets=secrets)
    return read(reader, one_id(reader, beginning), secrets=secrets)


def one_id(reader: FlowReader, beginning: str) -> str:
    """The whole id. Raises CommandError."""
    beginning = beginning.strip()
    if not beginning:
        raise click.BadParameter("is empty; `ccproxy flows list` shows the ids", param_hint="ID")
    found = reader.find(beginning, MOST_NAMED + 1)
    if len(found) != 1:
        raise not_one(reader, beginning, found)
    return found[0]


def not_one(reader: FlowReader, beginning: str, found: Sequence[str]) -> CommandError:
    """Why there is not one flow for an id: there is none, or there are several."""
    if not found:
        return CommandError(
            f"there is no flow whose id begins with {beginning!r}", "`ccproxy flows list` shows those there are"
        )
    named = [f"{id}  {described(reader, id)}" for id in found[:MOST_NAMED]]
    more = ["and more"] if len(found) > MOST_NAMED else []
    return CommandError(f"several flows have ids that begin with {beginning!r}; give more of it", *named, *more)


def described(reader: FlowReader, id: str) -> str:
    """Method and path of a flow, or nothing if it cannot be read."""
    try:
        request = reader.exchange(id).request
    except (FlowMissing, FlowDamaged, CommandError):
        return ""
    return f"{request.method} {request.path}"


def read(reader: FlowReader, id: str, *, secrets: bool) -> Exchange:
    """One flow, credentials redacted unless `secrets`. Raises CommandError."""
    from ccproxy.flows.secrets.secrets import redacted

    try:
        found = reader.exchange(id)
    except FlowMissing as error:
        raise CommandError(f"flow {id} is not there any more") from error
    except FlowDamaged as error:
        told = str(error)
        raise CommandError(told if id in told else f"flow {id} is damaged: {told}") from error
    return found if secrets else redacted(found)
