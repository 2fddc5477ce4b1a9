"""The values of --publish."""

from __future__ import annotations

import click

from ccproxy.jail.ticket import Ticket

HIGHEST, DIGITS = 65535, 6


def published(given: tuple[str, ...], ticket: Ticket) -> tuple[tuple[int, ...], bool]:
    """The ports to publish, and whether those that appear are published too.

    Nothing given: as the daemon is configured. Raises click.UsageError.
    """
    if not given:
        return ticket.publish, ticket.publish_auto
    ports = tuple(port_of(each) for each in given if each not in ("auto", "none"))
    if "none" in given and len(given) > 1:
        raise click.UsageError("--publish none goes with no other --publish")
    return ports, "auto" in given


def port_of(text: str) -> int:
    """A TCP port. Raises click.UsageError."""
    if text.isascii() and text.isdigit() and 0 < int(text[:DIGITS]) <= HIGHEST and len(text) < DIGITS:
        return int(text)
    raise click.UsageError(f"--publish {text[:DIGITS]}: a port from 1 to {HIGHEST}, auto, or none")
