"""What was asked for and cannot be had: said on standard error, and in the exit status once the rest is printed."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import INCOMPLETE


def tell_loss(what: str) -> None:
    """Say that this is left out; the program ends with status 1."""
    click.echo(f"left out: {what}", err=True)
    if (context := click.get_current_context(silent=True)) is not None:
        context.meta[INCOMPLETE] = True
