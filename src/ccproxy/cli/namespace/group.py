"""The group of commands."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

EXAMPLES = [
    ("can this machine run jails, and if not, what mends it", "ccproxy namespace doctor"),
    ("which jails run now", "ccproxy namespace status"),
    ("see what a phone sends", "ccproxy namespace wireguard-config --qr"),
]

ENTRIES = {
    "status": Entry("ccproxy.cli.namespace.status:status", "Show the kernel's side of jails, and the jails that run."),
    "doctor": Entry("ccproxy.cli.namespace.doctor:doctor", "Try out all that a jail needs, and say what mends it."),
    "wireguard-config": Entry(
        "ccproxy.cli.namespace.wireguard_config:wireguard_config", "Print a configuration for another machine."
    ),
    "decrypt-capture": Entry(
        "ccproxy.cli.namespace.decrypt_capture:decrypt_capture", "Make a capture one that Wireshark opens decrypted."
    ),
}


@click.group("namespace", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def namespace() -> None:
    """Look at the capture jail: what it needs, what runs, its captures.

    A capture jail is what `ccproxy run --inspect` runs a command in: Linux namespaces of its own, whose only way out is
    a tunnel into the daemon.
    """
