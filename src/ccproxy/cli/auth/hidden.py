"""What a person types or pastes and nobody should see."""

from __future__ import annotations

import os
import sys

import click

from ccproxy.auth.source import MAX_BYTES

ENTER, END, ERASES, CLEARS = b"\r\n", b"\x04", b"\x08\x7f", b"\x15"
"""Enter; Ctrl-D; backspace; Ctrl-U."""
CONTINUED = b"\\"
"""So a line ends that goes on in the next, such as those of a curl command that a browser has copied."""


def hidden_line(prompt: str) -> bytes:
    """A line from the terminal, not shown.

    Terminals that edit lines themselves pass on 4,095 characters and lose the rest (termios(3), "Canonical mode"); what
    browsers copy can be longer. Raises click.Abort where the terminal goes away.
    """
    import termios

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    quiet = [*before[:3], before[3] & ~(termios.ECHO | termios.ICANON), *before[4:6], list(before[6])]
    quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
    try:
        click.echo(prompt, nl=False, err=True)
        return _typed(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)  # what comes behind the line is for no shell
        click.echo(err=True)


def _typed(terminal: int) -> bytes:
    line = bytearray()
    while len(line) <= MAX_BYTES:
        piece = os.read(terminal, 4096)
        if not piece:
            raise click.Abort
        for byte in piece:
            if byte in END or (byte in ENTER and not line.endswith(CONTINUED)):
                return bytes(line)
            if byte in ERASES:
                del line[-1:]
            elif byte in CLEARS:
                line.clear()
            else:
                line.append(byte)
    return bytes(line)
