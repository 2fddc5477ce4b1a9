"""`ccproxy fingerprints`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.grammar import CommandError, Entry, LazyGroup, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.fingerprint.store import FingerprintStore

SAVE_EXAMPLES = [
    ("keep what a client's TLS looked like in a recorded flow", "ccproxy fingerprints save my-claude --flow 3f2a91"),
]
SHOW_EXAMPLES = [
    ("a kept one, and whether it can be sent again", "ccproxy fingerprints show my-claude"),
    ("of a recorded flow, without keeping it", "ccproxy fingerprints show --flow 3f2a91"),
    ("its lists, in their order", "ccproxy fingerprints show my-claude --json | jq .raw"),
]
LIST_EXAMPLES = [
    ("what there is to name as fingerprint_profile", "ccproxy fingerprints list"),
    ("the browsers", "ccproxy fingerprints list --json | jq -r '.browsers[]'"),
]
REMOVE_EXAMPLES = [("it is not needed any more", "ccproxy fingerprints remove my-claude")]
EXAMPLES = [SAVE_EXAMPLES[0], SHOW_EXAMPLES[0], LIST_EXAMPLES[0]]

ENTRIES = {
    "list": Entry("ccproxy.cli.fingerprints:list_fingerprints", "List the kept fingerprints, and the browsers."),
    "show": Entry("ccproxy.cli.fingerprints:show_fingerprint", "Show a fingerprint, and whether it can be sent again."),
    "save": Entry("ccproxy.cli.fingerprints:save_fingerprint", "Keep the fingerprint of a recorded flow's client."),
    "remove": Entry("ccproxy.cli.fingerprints:remove_fingerprint", "Delete a kept fingerprint."),
}


@click.group("fingerprints", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def fingerprints() -> None:
    """See what the TLS of clients looks like, and keep it for a provider.

    Programs in a capture jail (`ccproxy run --inspect`) are recorded with what their TLS looks like. A provider whose
    `fingerprint_profile` names a kept one, or a browser, is reached by connections that look like it.
    """


@command("list", examples=LIST_EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print an object with the kept ones and the browsers' names.")
@click.pass_obj
def list_fingerprints(session: Session, as_json: bool) -> None:
    """List the kept fingerprints, and the browsers that curl_cffi can look like."""
    from ccproxy.cli.fingerprint_view import captured, show_list
    from ccproxy.transport.curl.browsers import browser_names

    known = captured(store(session))
    if as_json:
        click.echo(json.dumps({"captured": known, "browsers": browser_names()}, indent=2))
    else:
        show_list(known, browser_names())


@command("show", examples=SHOW_EXAMPLES)
@click.argument("name", required=False)
@click.option("--flow", metavar="ID", help="A recorded flow of the daemon, in place of NAME.")
@click.option("as_json", "--json", is_flag=True, help="Print the record, with `replay`.")
@click.pass_obj
def show_fingerprint(session: Session, name: str | None, flow: str | None, as_json: bool) -> None:
    """Show a fingerprint, and whether it can be sent again: that is tried, on this machine alone."""
    if (name is None) == (flow is None):
        raise click.UsageError("give a NAME or --flow ID")
    from ccproxy.cli.fingerprint_view import replay, show_record

    record = recorded(session, flow) if flow is not None else kept(session, name or "")
    if as_json:
        click.echo(json.dumps({**record, "replay": replay(record)}, indent=2))
    else:
        show_record(record)


@command("save", examples=SAVE_EXAMPLES)
@click.argument("name")
@click.option("--flow", metavar="ID", required=True, help="A recorded flow of the daemon, by the beginning of its id.")
@click.option("--replace", is_flag=True, help="Also if there is one of that name.")
@click.pass_obj
def save_fingerprint(session: Session, name: str, flow: str, replace: bool) -> None:
    """Keep the fingerprint of a recorded flow's client as NAME, for `fingerprint_profile`."""
    from ccproxy.cli.fingerprint_view import replay
    from ccproxy.transport.curl.browsers import browser_names

    there = store(session)
    if name in browser_names():
        raise CommandError(f"{name!r} is the name of a browser", "choose another")
    if name in there.names() and not replace:
        raise CommandError(f"there is a fingerprint {name!r} already", "--replace puts this one in its place")
    record = recorded(session, flow)
    try:
        path = there.save(name, record)
    except (ValueError, OSError) as error:
        raise CommandError(f"it was not saved: {error}") from error
    click.echo(f"{path}: JA4 {record['ja4']}")
    told = replay(record)
    if told["exact"]:
        click.echo(f"replay: {told['text']}")
    else:
        click.echo(f"{click.style('replay:', fg='yellow')} {told['text']}", err=True)


@command("remove", examples=REMOVE_EXAMPLES)
@click.argument("name")
@click.pass_obj
def remove_fingerprint(session: Session, name: str) -> None:
    """Delete the kept fingerprint NAME."""
    try:
        store(session).remove(name)
    except FileNotFoundError:
        raise unknown(session, name) from None
    except (ValueError, OSError) as error:
        raise CommandError(str(error)) from error


def store(session: Session) -> FingerprintStore:
    """Where the kept ones are."""
    from ccproxy.fingerprint.store import FingerprintStore

    return FingerprintStore(session.config_dir())


def kept(session: Session, name: str) -> dict[str, Any]:
    """A kept record. Raises CommandError."""
    try:
        return store(session).load(name)
    except FileNotFoundError:
        raise unknown(session, name) from None
    except (ValueError, OSError) as error:
        raise CommandError(str(error)) from error


def recorded(session: Session, id: str) -> dict[str, Any]:
    """The record of a flow's client, with what its request tells. Raises CommandError."""
    from ccproxy.cli.flows.show import told

    flow = told(session, id)
    if not flow.get("client_tls"):
        why = "only programs in a jail (`ccproxy run --inspect`) speak TLS with ccproxy"
        raise CommandError(f"nothing is known of the TLS of the client of {flow['id']}", why)
    return {
        **flow["client_tls"],
        "user_agent": flow["user_agent"],
        "provider": flow["provider"],
        "header_order": [name for name, _ in flow["client_headers"]],
    }


def unknown(session: Session, name: str) -> CommandError:
    """There is none of that name that is kept."""
    from ccproxy.config.errors import nearest
    from ccproxy.transport.curl.browsers import browser_names

    if name in browser_names():
        return CommandError(f"{name!r} is a browser of curl_cffi, and not kept here", "name it as fingerprint_profile")
    guess = nearest(name, store(session).names())
    hint = f"did you mean {guess!r}?" if guess else "`ccproxy fingerprints list` shows those there are"
    return CommandError(f"there is no fingerprint {name!r}", hint)
