"""What the demo shows: headings, text as it arrives, and the figures below it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from ccproxy.cli.demo.turn import Turn
from ccproxy.cli.words import duration, visible

INDENT = 4
USER, MODEL = ">", "<"


def heading(title: str, route: str) -> None:
    """A scene's title, and which way its request goes."""
    click.echo(f"\n{click.style(title, bold=True)}  {click.style(route, fg='cyan')}")


def asked(prompt: str) -> None:
    """What the user says."""
    click.echo(f"  {click.style(USER, fg='blue')} {visible(prompt)}")


def figures(turn: Turn) -> None:
    """Status, times and tokens of a turn."""
    color = "green" if turn.status == 200 else "red"
    parts = [f"first byte {duration(turn.first_byte_ms)}", f"total {duration(turn.total_ms)}"]
    if turn.usage:
        parts.append(f"{turn.usage[0]} tokens in, {turn.usage[1]} out")
    click.echo(f"    {click.style(str(turn.status), fg=color)} {click.style(' · '.join(parts), dim=True)}")


def shown(text: str, color: str | None = None) -> None:
    """A line that the model's side says."""
    click.echo(f"  {click.style(MODEL, fg='green')} {click.style(visible(text), fg=color)}")


def next_steps(lines: Sequence[tuple[str, str]]) -> None:
    """What to do now: a command and what it is for, each."""
    click.echo(f"\n{click.style('Next', bold=True)}")
    width = max(len(line) for line, _ in lines)
    for line, purpose in lines:
        click.echo(f"  {line:<{width}}  {click.style(f'# {purpose}', dim=True)}")


class Voice:
    """Prints text piece by piece as it arrives, wrapped by words to the terminal."""

    def __init__(self) -> None:
        self.width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else sys.maxsize
        self.column = 0

    def __call__(self, piece: str) -> None:
        """Print one more piece."""
        if self.column == 0:
            click.echo(f"  {click.style(MODEL, fg='green')} ", nl=False)
            self.column = INDENT
            piece = piece.lstrip()
        text = visible(piece)
        if self.column + len(text) > self.width:
            click.echo(f"\n{'':{INDENT}}", nl=False)
            text, self.column = text.lstrip(), INDENT
        click.echo(text, nl=False)
        sys.stdout.flush()
        self.column += len(text)

    def end(self) -> None:
        """End the line, if there is one."""
        if self.column:
            click.echo()


def error_words(error: Any) -> str:
    """An error of any dialect in one line: `rate_limit_exceeded: …`."""
    inner = error.get("error", error) if isinstance(error, dict) else error
    if not isinstance(inner, dict):
        return str(inner)
    kind = next((inner[key] for key in ("code", "status", "type") if isinstance(inner.get(key), str)), "error")
    return f"{kind}: {inner.get('message')}"
