"""`ccproxy flows diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, one_id, open_set, read, set_options
from ccproxy.cli.flows.chosen.loss import tell_loss
from ccproxy.cli.flows.chosen.options import refuse_both
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccproxy.cli.flows.diff.pairing import Pair
    from ccproxy.exchange import Exchange, HttpRequest, WireFormat
    from ccproxy.flows.diff.requests import Difference

    type Read = Callable[[str], Exchange]

EXAMPLES = [
    ("what each turn of a session added to the one before", "ccproxy flows diff --session 7d1f"),
    ("two flows; the beginnings of their ids are enough", "ccproxy flows diff 3f2a91 8c1d22"),
    ("the last two requests, as a patch", "ccproxy flows diff -n 2 --unified"),
    (
        "tools that came or went",
        "ccproxy flows diff --json | jq '.[].difference.changes[] | select(.what == \"tool\")'",
    ),
]
MOST = 50
"""Flows that are compared where nothing says which."""
MOST_AT_HAND = 4
"""Most flows are in two pairs, one after the other."""


@command("diff", examples=EXAMPLES)
@click.argument("ids", nargs=-1, metavar="[ID ID]")
@click.option("client", "--client", is_flag=True, help="What the clients sent, not what was forwarded.")
@click.option("as_unified", "--unified", is_flag=True, help="A unified diff of the bodies, JSON indented.")
@click.option("as_json", "--json", is_flag=True, help="Print an array of all differences, one object a pair.")
@set_options
@click.pass_obj
def diff(session: Session, ids: tuple[str, ...], client: bool, as_unified: bool, as_json: bool, wanted: Wanted) -> None:
    """Compare each request with the one before it: parameters, system prompt, tools, messages.

    The one before is the one whose conversation a request continues, where that is known. With two ids, these two;
    where nothing says which flows are meant, the newest 50.
    """
    if as_unified and as_json:
        raise click.UsageError("--unified and --json cannot be combined")
    chosen, get = chosen_pairs(session, ids, wanted, client)
    if as_json:
        told = list(each_of(chosen, lambda pair: in_json(pair, get, client)))
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    from ccproxy.cli.flows.diff.words import room

    width = room()

    def lines_of(pair: Pair) -> list[str]:
        return list(unified_of(pair, get, client) if as_unified else structural(pair, get, client, width))

    for number, lines in enumerate(each_of(chosen, lines_of)):
        if number:
            click.echo()
        for line in lines:
            click.echo(line)


def each_of[T](chosen: Sequence[Pair], told: Callable[[Pair], T]) -> Iterator[T]:
    """What is told of each pair; those with a flow that cannot be read are left out, and that is said.

    Raises CommandError where there is only one pair, and it is such.
    """
    said = set[str]()
    for pair in chosen:
        try:
            yield told(pair)
        except CommandError as error:
            if len(chosen) == 1:
                raise
            if error.message not in said:  # a flow may be in two pairs
                tell_loss(error.message)
            said.add(error.message)


def chosen_pairs(session: Session, ids: tuple[str, ...], wanted: Wanted, client: bool) -> tuple[list[Pair], Read]:
    """The pairs that are meant, and how a flow is read. Raises CommandError: fewer than two flows.

    What ccproxy answered itself, such as `/health`, was not forwarded: it counts for `client` only.
    """
    from ccproxy.cli.flows.chosen.sources import sources
    from ccproxy.cli.flows.diff.pairing import Pair, pairs

    refuse_both(ids, wanted)
    if ids:
        if len(ids) != 2:
            raise click.UsageError(f"two ids are compared, not {len(ids)}; without any, the flows that options select")
        reader = sources(session, wanted.archive)
        old, new = (one_id(reader, each) for each in ids)
        return [Pair(old, new, "as asked for")], lambda id: read(reader, id, secrets=False)
    found = open_set(session, wanted)
    http = (flow for flow in found.summaries if flow.get("protocol", "http") == "http")
    flows = [flow for flow in http if client or flow.get("action") != "local"]
    if len(flows) < 2:
        there = "there is only one flow" if flows else "there is no flow"
        raise CommandError(f"{there} to compare; it takes two", "`ccproxy flows list` shows those there are")
    if wanted.everything and len(flows) > MOST:
        click.echo(click.style(f"the newest {MOST} of {len(flows)} flows: -n takes more", dim=True), err=True)
        flows = flows[-MOST:]
    return pairs(flows), lru_cache(MOST_AT_HAND)(found.exchange)


def requests(
    pair: Pair, get: Read, client: bool
) -> tuple[tuple[HttpRequest, WireFormat | None], tuple[HttpRequest, WireFormat | None]]:
    """The two requests and their formats."""
    return side(get(pair.old), client), side(get(pair.new), client)


def side(ex: Exchange, client: bool) -> tuple[HttpRequest, WireFormat | None]:
    """The request of an exchange that is compared, and its format; the client's where none was forwarded."""
    from ccproxy.providers.endpoint import parse_endpoint

    request = ex.request if client or ex.forwarded is None else ex.forwarded
    if request is not ex.request and ex.route is not None and ex.route.provider_format is not None:
        return request, ex.route.provider_format
    endpoint = parse_endpoint(ex.request.path)  # what nobody claimed in a jail has no format
    return request, ex.format or (endpoint.format if endpoint is not None else None)


def difference(pair: Pair, get: Read, client: bool) -> Difference:
    """What differs."""
    from ccproxy.flows.diff.requests import diff_messages

    (old, format), (new, other) = requests(pair, get, client)
    return diff_messages(old, new, format, other)


def structural(pair: Pair, get: Read, client: bool, width: int) -> Iterator[str]:
    """A heading, and the parts that differ."""
    from ccproxy.cli.flows.diff.view import difference_lines

    whose = "what the clients sent" if client else "forwarded requests"
    yield click.style(f"flow:{pair.old[:8]} → flow:{pair.new[:8]}", bold=True) + f"  {whose}, {pair.why}"
    yield from difference_lines(difference(pair, get, client), width)


def unified_of(pair: Pair, get: Read, client: bool) -> Iterator[str]:
    """A unified diff; nothing for what is the same."""
    from ccproxy.cli.flows.diff.unified import unified
    from ccproxy.flows.diff.bodies import body_of

    (old, _), (new, _) = requests(pair, get, client)
    what = "client-request" if client else "request"
    names = (f"flow:{id[:8]}/{what}" for id in (pair.old, pair.new))
    return unified(body_of(old), body_of(new), *names)


def in_json(pair: Pair, get: Read, client: bool) -> dict[str, Any]:
    """The same as plain values."""
    whose = "client" if client else "forwarded"
    found = asdict(difference(pair, get, client))
    return {"old": pair.old, "new": pair.new, "why": pair.why, "requests": whose, "difference": found}
