"""`ccproxy flows compare`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, nearest, one_id, open_set, read, set_options
from ccproxy.cli.flows.chosen.options import refuse_both
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange, HttpRequest, HttpResponse

EXAMPLES = [
    ("what became of a request on its way; the beginning of its id is enough", "ccproxy flows compare 3f2a91"),
    ("the last five", "ccproxy flows compare -n 5"),
    ("byte by byte what was translated, as a patch", "ccproxy flows compare 3f2a91 --unified"),
    ("fields that did not leave", "ccproxy flows compare 3f2a91 --json | jq '.[].request.headers'"),
]
MOST = 50
"""Flows that are compared where nothing says which."""


@command("compare", examples=EXAMPLES)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("as_unified", "--unified", is_flag=True, help="Unified diffs of the bodies, JSON indented.")
@click.option("as_json", "--json", is_flag=True, help="Print an array of all comparisons, one object a flow.")
@set_options
@click.pass_obj
def compare(session: Session, ids: tuple[str, ...], as_unified: bool, as_json: bool, wanted: Wanted) -> None:
    """Compare what a client sent with what was forwarded, and what the provider answered with what the client got.

    Where nothing says which flows are meant it is the newest 50.
    """
    if as_unified and as_json:
        raise click.UsageError("--unified and --json cannot be combined")
    flows = chosen(session, ids, wanted)
    if as_json:
        click.echo(json.dumps([in_json(ex) for ex in flows], indent=2, ensure_ascii=False))
        return
    from ccproxy.cli.flows.diff.words import room

    width = room()
    for number, ex in enumerate(flows):
        if number:
            click.echo()
        for line in unified_of(ex) if as_unified else in_parts(ex, width):
            click.echo(line)


def chosen(session: Session, ids: tuple[str, ...], wanted: Wanted) -> Iterator[Exchange]:
    """The flows that are meant. Raises CommandError if there are none."""
    refuse_both(ids, wanted)
    if ids:
        from ccproxy.cli.flows.chosen.sources import sources

        reader = sources(session, wanted.archive)
        named = [one_id(reader, each) for each in ids]
        return (read(reader, id, secrets=False) for id in named)
    found = open_set(session, wanted)
    if not found.summaries:
        raise CommandError(
            "there is no flow to compare", *nearest(found, wanted), "`ccproxy flows list` shows those there are"
        )
    if wanted.everything and len(found.summaries) > MOST:
        note = f"the newest {MOST} of {len(found.summaries)} flows: -n takes more"
        click.echo(click.style(note, dim=True), err=True)
        found.summaries = found.summaries[-MOST:]
    return found.exchanges()


def in_parts(ex: Exchange, width: int) -> Iterator[str]:
    """A heading, and what became of the request and of the answer."""
    from ccproxy.cli.flows.compare.answers import answers_compared
    from ccproxy.cli.flows.compare.view import comparison_lines
    from ccproxy.cli.words import visible
    from ccproxy.flows.diff import compare

    found = compare.compare(ex)
    route = f"  {ex.route.action} {ex.route.provider or ''} ({ex.route.reason})" if ex.route else ""
    heading = click.style(f"flow:{ex.id[:8]}", bold=True)
    yield f"{heading}  {visible(f'{ex.request.method} {ex.request.path}')}{visible(route)}"
    said = answers_compared(ex) if found.response is not None and not found.response.same else None
    yield from comparison_lines(found, said, width)


def unified_of(ex: Exchange) -> Iterator[str]:
    """The bodies: the client's request and the forwarded one, the provider's response and the client's."""
    from ccproxy.cli.flows.diff.unified import unified
    from ccproxy.flows.diff.bodies import body_of

    ways: tuple[tuple[str, HttpRequest | HttpResponse | None, HttpRequest | HttpResponse | None, str], ...] = (
        ("client-request", ex.request, ex.forwarded, "request"),
        ("response", ex.provider_response, ex.response, "client-response"),
    )
    for name, old, new, other in ways:
        if old is not None and new is not None:
            yield from unified(body_of(old), body_of(new), f"flow:{ex.id[:8]}/{name}", f"flow:{ex.id[:8]}/{other}")


def in_json(ex: Exchange) -> dict[str, Any]:
    """The same as plain values."""
    from ccproxy.cli.flows.compare.answers import answers_compared
    from ccproxy.flows.diff import compare

    found = compare.compare(ex)
    told = asdict(found)
    for side, name in ((found.request, "request"), (found.response, "response")):
        if side is not None:
            told[name]["same"] = side.same
    said = answers_compared(ex)
    if told["response"] is not None:
        told["response"]["said"] = asdict(said) if said is not None else None
    return told
