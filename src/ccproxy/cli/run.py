"""`ccproxy run`: a command whose LLM traffic goes through the daemon, by base URLs or in the capture jail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("see everything that Claude Code sends, wherever it sends it", "ccproxy run --inspect -- claude"),
    (
        "Claude Code, with the credential of the provider 'anthropic' of ccproxy.yaml",
        "ccproxy run --provider anthropic -- claude",
    ),
    (
        "a script with any of the SDKs, against the simulated provider",
        "ccproxy run --provider simulator -- python agent.py",
    ),
    ("with the client's own keys, routed by rules (lightllm.transforms)", "ccproxy run -- aider --model openai/gpt-4o"),
    ("in the jail, with one host reachable only", "ccproxy run -i --only-host api.anthropic.com -- claude"),
]
JAIL_ONLY = "publish", "allow", "pcap", "name", "deny_host", "only_host", "strict", "keylog", "start"


@command(
    "run", examples=EXAMPLES, context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}
)
@click.option("--provider", metavar="NAME", help="Give the command this provider's sentinel key in place of all keys.")
@click.option("--no-check", is_flag=True, help="Do not look whether the daemon runs.")
@click.option("-i", "--inspect", is_flag=True, help="Run it in the capture jail: all it sends passes the daemon.")
@click.option("--start", is_flag=True, help="With -i: run a daemon for the command's length, if none runs.")
@click.option("--name", metavar="NAME", help="With -i: the jail's name in flows. Default: the command's.")
@click.option("--only-host", metavar="GLOB", multiple=True, help="With -i: let it reach no other host. Repeatable.")
@click.option("--deny-host", metavar="GLOB", multiple=True, help="With -i: a host it cannot reach. Repeatable.")
@click.option(
    "--publish",
    metavar="PORT|auto|none",
    multiple=True,
    help="With -i: make a port of the jail reachable on this machine. Default: auto, all from 1024 on.",
)
@click.option(
    "--allow",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="With -i: a port of this machine it may reach at 127.0.0.1. Repeatable.",
)
@click.option("--strict", is_flag=True, help="With -i: mask sockets of docker, dbus, ssh-agent; refuse odd families.")
@click.option("--pcap", metavar="FILE", type=click.Path(path_type=Path), help="With -i: write its packets, in plain.")
@click.option("--keylog", is_flag=True, help="With -i: write tls.keylog and wg.keylog, which open captures.")
@click.argument("line", metavar="COMMAND [ARGS]...", nargs=-1, type=click.UNPROCESSED, required=True)
@click.pass_obj
def run(
    session: Session, /, provider: str | None, no_check: bool, inspect: bool, line: tuple[str, ...], **jail: Any
) -> int:
    """Run a command with its LLM traffic going through the daemon.

    It gets the base-URL variables of the OpenAI, Anthropic and Google SDKs and of the tools built on them. Everything
    from COMMAND on is the command's own, flags too; `--` before it is allowed. The command takes the place of ccproxy:
    terminal, signals and exit status are its own.

    With --inspect it gets no variables but those of certificates. It runs in the capture jail, whose only way out is
    the daemon: whatever it sends, to whomever, is seen.
    """
    if inspect and no_check:
        raise click.UsageError("--no-check does not go with --inspect: a jail needs the daemon")
    if inspect:
        from ccproxy.cli.jailed.run import run_inspected

        return run_inspected(session, provider, line, jail)
    if misplaced := [name for name in JAIL_ONLY if jail[name]]:
        raise click.UsageError(f"--{misplaced[0].replace('_', '-')} goes with --inspect")
    from ccproxy.cli.base_url import run_by_base_url

    return run_by_base_url(session, provider, not no_check, line)
