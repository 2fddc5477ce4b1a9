"""How commands look and fail: help that teaches by example, sub-commands loaded when they run, errors in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import IO, Any, NamedTuple

import click

from ccproxy.cli.words import visible

INCOMPLETE = "ccproxy.incomplete"
"""In a context's `meta`: the command did what it could, and something is missing."""

type Example = tuple[str, str]
"""What a person wants, and the line that does it."""


class Formatter(click.HelpFormatter):
    """Help with bold headings, where the terminal shows them."""

    def write_heading(self, heading: str) -> None:
        """Write a section's heading."""
        self.write(f"{'':>{self.current_indent}}{click.style(f'{heading}:', bold=True)}\n")

    def write_examples(self, examples: Sequence[Example]) -> None:
        """Write the lines as they are typed, each below what it is for; never wrapped, so that they can be copied."""
        with self.section("Examples"):
            for purpose, line in examples:
                self.write(f"  {click.style(f'# {purpose}', dim=True)}\n  {line}\n")


class Context(click.Context):
    """A click context that formats help with `Formatter`."""

    formatter_class = Formatter


class ExampleCommand(click.Command):
    """A command whose help ends with examples."""

    context_class = Context

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:  # click's own signature
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples where click writes the epilog."""
        write_examples(self.examples, formatter)


class Entry(NamedTuple):
    """A sub-command that is not loaded yet."""

    module: str
    """Where it is, with the object's name after a colon."""
    summary: str
    """Its line in the list of commands."""


class LazyGroup(click.Group):
    """A group that imports a sub-command only when it is run or its own help is asked for."""

    context_class = Context

    def __init__(
        self, *args: Any, entries: Mapping[str, Entry] | None = None, examples: Sequence[Example] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.entries = dict(entries or {})
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a new user meets them."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None if there is none of that name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.module.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelled one is answered with the nearest name."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.entries, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples where click writes the epilog."""
        write_examples(self.examples, formatter)


def write_examples(examples: Sequence[Example], formatter: click.HelpFormatter) -> None:
    """Write the examples, if there are any."""
    if examples:
        assert isinstance(formatter, Formatter)
        formatter.write_examples(examples)


def command(
    name: str, *, examples: Sequence[Example], **attributes: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function an `ExampleCommand`; `attributes` as `click.command` takes them."""
    return click.command(name, cls=ExampleCommand, examples=examples, **attributes)


class CommandError(click.ClickException):
    """What went wrong and, on the lines below, what to do. Exit status 1; never a traceback."""

    def __init__(self, message: str, *details: str) -> None:
        super().__init__(message)
        self.details = details

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message and the details to standard error."""
        click.echo(f"{click.style('ccproxy:', fg='red', bold=True)} {visible(self.message)}", err=True, file=file)
        for line in self.details:
            click.echo(f"  {visible(line)}", err=True, file=file)
