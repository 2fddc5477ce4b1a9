"""`ccproxy shapes save`."""

from __future__ import annotations

import click

from ccproxy.cli.flows.chosen.flow_set import FlowSet, Wanted, nearest, one_id, open_set, set_options
from ccproxy.cli.flows.chosen.options import refuse_both
from ccproxy.cli.flows.chosen.sources import sources
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("of the newest flow, as a patch on what is there", "ccproxy shapes save anthropic --limit 1"),
    ("of one flow; the beginning of its id is enough", "ccproxy shapes save anthropic 3f2a91"),
    ("as a capture of its own, which replaces what is there", "ccproxy shapes save anthropic 3f2a91 --mflow"),
    (
        "of a program's requests, by what it calls itself",
        "ccproxy shapes save anthropic --limit 1 --jq 'map(select(.user_agent | startswith(\"claude-cli/\")))'",
    ),
]


@command("save", examples=EXAMPLES)
@click.argument("profile")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@set_options
@click.option("as_versions", "--mflow", is_flag=True, help="Keep the flows as captures, not as a patch.")
@click.option("--yes", is_flag=True, help="Do not ask where the shape that is there is of another client.")
@click.pass_obj
def save(session: Session, /, profile: str, ids: tuple[str, ...], wanted: Wanted, **how: bool) -> None:
    """Make a shape for PROFILE of recorded flows: of what is around their content.

    By default it is a patch on the base, the capture or packaged names that are there, and exactly one of the chosen
    flows must fit. With --mflow each that fits becomes a version in the profile's file, the newest last: the newest
    five at most, which push older ones out. All must be of one client.
    """
    from ccproxy.cli.shapes.saving import saved
    from ccproxy.cli.shapes.stored import profile_of

    config = session.config()
    profile_of(config, profile)
    flows, as_versions, yes = chosen(session, ids, wanted), how["as_versions"], how["yes"]
    if path := saved(session, config, profile, flows, as_versions=as_versions, yes=yes):
        click.echo(path)


def chosen(session: Session, ids: tuple[str, ...], wanted: Wanted) -> FlowSet:
    """The flows that are meant. Raises CommandError if there are none."""
    refuse_both(ids, wanted)
    if ids:
        reader = sources(session, wanted.archive)
        return FlowSet(reader, [{"id": one_id(reader, each)} for each in ids])
    found = open_set(session, wanted)
    if not found.summaries:
        raise CommandError(
            "there is no flow to make a shape of", *nearest(found, wanted), "`ccproxy flows list` shows those there are"
        )
    return found
