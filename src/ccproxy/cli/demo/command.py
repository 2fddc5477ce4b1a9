"""`ccproxy demo`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Never

import click

from ccproxy.cli.address import Address
from ccproxy.cli.control import Control, Status
from ccproxy.cli.demo.private import FOREIGN, PROVIDER, PrivateDaemon
from ccproxy.cli.demo.stage import next_steps
from ccproxy.cli.environment import SENTINEL, child_environment
from ccproxy.cli.flows.table import show_flows
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.words import duration

EXAMPLES = [
    ("a turn in each format, a tool call, an error; in about a second", "ccproxy demo"),
    ("your own client, against the simulated provider", "ccproxy demo -- claude -p 'hi'"),
    ("interactively, with the flows shown in the inspector", "ccproxy demo -- claude"),
]
NEXT = [
    ("ccproxy demo -- claude", "your own client against the same simulator"),
    ("ccproxy init", "write ccproxy.yaml, and name your providers in it"),
    ("ccproxy start", "the daemon, with the inspector in the browser"),
    ("ccproxy run --provider simulator -- CMD", "any client through it"),
]
FORWARDED = (signal.SIGTERM, signal.SIGHUP)


@command(
    "demo",
    examples=EXAMPLES,
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
)
@click.argument("line", metavar="[COMMAND [ARGS]...]", nargs=-1, type=click.UNPROCESSED)
def demo(line: tuple[str, ...]) -> int:
    """See it work: a private daemon, a simulated provider, a few turns.

    Needs no account and no configuration, leaves nothing behind and sends nothing out. With COMMAND, that is run
    against the simulator instead, and its exit status is the demo's.
    """
    with leaving_on_signals():
        began = time.perf_counter()
        private = PrivateDaemon(inspector=bool(line))
        with private as status:
            address = Address.of(status["proxy"]["host"], status["proxy"]["port"])
            click.echo(f"{click.style('ccproxy', bold=True)} with a simulated provider; nothing leaves this machine")
            ready = duration((time.perf_counter() - began) * 1000)
            click.echo(click.style(f"  private daemon at {address.url}, ready after {ready}", dim=True))
            return a_command(line, status, private) if line else a_show(address, private.control)


def a_show(address: Address, control: Control) -> int:
    """Play the scenes, then show what was recorded of them."""
    from ccproxy.cli.demo.scenes import play
    from ccproxy.cli.demo.turn import Client

    foreign = (Client(address, SENTINEL + FOREIGN), FOREIGN)
    sent = play(Client(address, SENTINEL + PROVIDER), PROVIDER, foreign)
    recorded = show_recorded(control)
    if recorded != sent:
        raise CommandError(f"{sent} requests were sent, {recorded} are in the record")
    next_steps(NEXT)
    return 0


def a_command(line: tuple[str, ...], status: Status, private: PrivateDaemon) -> int:
    """Run the user's own client, then show what was recorded of it."""
    if url := private.inspector_url():
        click.echo(click.style(f"  watch it: {url}", dim=True))
    address = Address.of(status["proxy"]["host"], status["proxy"]["port"])
    env = child_environment(os.environ, address.url, line[0], PROVIDER)
    sys.stdout.flush()
    code = run_child(line, env)
    show_recorded(private.control)
    return code


def run_child(line: tuple[str, ...], env: dict[str, str]) -> int:
    """Run a command in the foreground. Returns its exit status as a shell gives it: 128 + n after signal n."""
    with ctrl_c_is_the_childs():
        try:
            child = subprocess.Popen(line, env=env)
        except FileNotFoundError as error:
            raise CommandError(f"{line[0]}: command not found") from error
        except OSError as error:
            raise CommandError(f"{line[0]}: {error.strerror}") from error
        try:
            code = child.wait()
        except SystemExit:
            child.terminate()
            child.wait()
            raise
    return code if code >= 0 else 128 - code


@contextmanager
def ctrl_c_is_the_childs() -> Iterator[None]:
    """The terminal sends Ctrl-C to the child too; what it means there is the child's business, so we go on waiting."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def show_recorded(control: Control) -> int:
    """Print the table of flows. Returns their number."""
    flows = control.get("/flows")
    click.echo(f"\n{click.style('What was recorded', bold=True)}  {click.style('ccproxy flows list', fg='cyan')}")
    show_flows(flows)
    return len(flows)


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program in order, so that the daemon is not left behind."""
    before = {number: signal.signal(number, leave) for number in FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(number: int, _: FrameType | None) -> Never:
    """End the program with the status of a signal's victim."""
    raise SystemExit(128 + number)
