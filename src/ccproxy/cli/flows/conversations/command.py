"""`ccproxy flows conversations`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ccproxy.cli.flows.chosen.flow_set import FlowSet, Wanted, open_set, set_options
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.flows.conversations.conversations import Session as Talk

EXAMPLES = [
    ("the sessions of today", "ccproxy flows conversations --since today"),
    ("one as a tree: sub-agents, edits, compactions", "ccproxy flows conversations 3f2a91"),
    ("what each cost", "ccproxy flows conversations --json | jq -r '.[] | [.id, .usd, .title] | @tsv'"),
]
MOST_NAMED = 5
"""Sessions that an ambiguous id is told of."""


@command("conversations", examples=EXAMPLES)
@click.argument("id", required=False)
@click.option("as_json", "--json", is_flag=True, help="Print JSON: an array of sessions, or with ID one with its tree.")
@set_options
@click.pass_obj
def conversations(session: Session, id: str | None, as_json: bool, wanted: Wanted) -> None:
    """List sessions and conversations, or show one as a tree.

    ID is the beginning of the id of a session, a conversation, or any flow of it. Without a session's id from the
    client, requests whose messages go on from one another are a conversation.
    """
    from ccproxy.flows.conversations.conversations import sessions, with_places
    from ccproxy.flows.conversations.told import told, tree

    flows = open_set(session, wanted)
    looked_at = [flow for flow in flows.summaries if flow.get("kind") or flow["id"] in flows.reader.live_ids]
    talks = sessions(with_places(looked_at, lambda id: readable(flows, id)))
    chosen = talks if id is None else [meant(talks, id.strip(), among_some=not wanted.everything)]
    if as_json:
        click.echo(json.dumps(tree(chosen[0]) if id else list(map(told, chosen)), indent=2, ensure_ascii=False))
    elif not chosen:
        click.echo("no conversations: `ccproxy flows list` shows what was recorded", err=True)
    elif id is None:
        from ccproxy.cli.flows.conversations.table import show_sessions

        show_sessions(chosen)
    else:
        from ccproxy.cli.flows.conversations.tree import show_tree

        show_tree(chosen[0])


def readable(flows: FlowSet, id: str) -> Exchange | None:
    """A flow, None if it cannot be read: it is gone by now, or damaged."""
    try:
        return flows.exchange(id)
    except CommandError:
        return None


def meant(talks: Sequence[Talk], id: str, *, among_some: bool = False) -> Talk:
    """The session that an id means. Raises CommandError: there is none, or there are several.

    With `among_some` options left out others.
    """
    if not id:
        raise click.BadParameter("is empty; `ccproxy flows conversations` shows the ids", param_hint="ID")
    found = [talk for talk in talks if any(name.startswith(id) for name in names(talk))]
    exact = [talk for talk in found if talk.name == id]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        among = " among the flows that the options select" if among_some else ""
        raise CommandError(
            f"there is no session, conversation or flow of one whose id begins with {id!r}{among}",
            "leave the options out" if among_some else "`ccproxy flows conversations` shows those there are",
        )
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    named = [talk.name for talk in found[-MOST_NAMED:]]
    raise CommandError(f"{len(found)} sessions have ids that begin with {id!r}; give more of it", *named, *more)


def names(talk: Talk) -> set[str]:
    """All ids by which a session can be meant."""
    flows = talk.flows
    return {talk.name, *(flow["id"] for flow in flows), *(flow.get("conversation") or "" for flow in flows)}
