"""The console of `ccproxy flows repl`: IPython where it can be imported, else the standard library's."""

from __future__ import annotations

import code
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.main import is_full

if TYPE_CHECKING:
    from IPython.terminal.ipapp import TerminalIPythonApp

SCRIPT = "<-c>"
"""The name of a script in tracebacks."""
HISTORY = "repl-history"
"""In the state directory; IPython's, which is a database, ends in `.sqlite`."""


def run(names: dict[str, Any], banner: str) -> None:
    """Reads and runs lines until the user ends it."""
    try:
        from IPython.terminal.ipapp import TerminalIPythonApp
    except ImportError:
        _standard(names, banner)
    else:
        _ipython(TerminalIPythonApp, names, banner)


def execute(source: str, names: dict[str, Any]) -> None:
    """Runs a script that has the names. Raises CommandError; what else it raises is shown and ends the program."""
    try:
        exec(compile(source, SCRIPT, "exec"), {"__name__": "__main__", **names})  # noqa: S102 - it is what the user typed
    except (CommandError, BrokenPipeError):
        raise
    except Exception as error:
        if is_full(error):
            raise
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == SCRIPT]
        click.echo("".join([*traceback.format_list(own), *traceback.format_exception_only(error)]), err=True, nl=False)
        sys.exit(1)


def history(name: str) -> Path | None:
    """A file for what is typed, 0600, made if need be; None where none can be."""
    from ccproxy.config.paths import state_dir

    file = state_dir() / name
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    except OSError:
        return None
    return file


def _ipython(application: type[TerminalIPythonApp], names: dict[str, Any], banner: str) -> None:
    from traitlets.config import Config

    kept = history(f"{HISTORY}.sqlite")
    config = Config()
    config.TerminalInteractiveShell.banner1 = f"{banner}\n"
    config.TerminalInteractiveShell.banner2 = ""
    config.TerminalInteractiveShell.confirm_exit = False
    config.HistoryAccessor.hist_file = config.HistoryManager.hist_file = str(kept) if kept else ":memory:"
    app = application.instance(config=config, user_ns=names)
    app.initialize([])  # type: ignore[no-untyped-call]
    assert app.shell is not None
    app.shell.set_custom_exc((CommandError,), _in_one_line)
    app.start()  # type: ignore[no-untyped-call]


def _in_one_line(shell: Any, kind: type[BaseException], error: CommandError, *rest: Any, **more: Any) -> None:
    """What IPython does with an error of ours: no traceback."""
    error.show()


class Console(code.InteractiveConsole):
    """The standard library's console, which shows an error of ours without a traceback."""

    def showtraceback(self) -> None:
        """Shows what was just raised."""
        error = sys.exception()
        if isinstance(error, CommandError):
            error.show()
        else:
            super().showtraceback()


def _standard(names: dict[str, Any], banner: str) -> None:
    names = {"__name__": "__console__", "__doc__": None, **names}
    file = history(HISTORY)
    try:
        import readline
        import rlcompleter
    except ImportError:  # a Python without it still has a console
        Console(names).interact(banner, "")
        return
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    with suppress(OSError):
        readline.read_history_file(file)
    try:
        Console(names).interact(banner, "")
    finally:
        if file is not None:
            with suppress(OSError):
                readline.write_history_file(file)
