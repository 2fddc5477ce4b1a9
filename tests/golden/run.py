"""Runs commands on an archive of made flows, without a daemon, and compares what they print with what was kept."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ccproxy.exchange import Exchange
from ccproxy.flows.importing import Count, Importer
from tests.golden.commands import commands, kept
from tests.support.daemon import Home

HERE = Path(__file__).parent
ENVIRONMENT = {"TZ": "UTC", "COLUMNS": "140", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def compared(kind: str, made: Sequence[Exchange], every: int, *, update: bool) -> list[str]:
    """A line for each command whose output is not what was kept; with `update` it is kept, and nothing is compared."""
    home = Home()
    try:
        archived(home, made)
        outputs = {name: printed(home, arguments) for name, arguments in commands(made, every)}
    finally:
        home.remove()
    folder = HERE / kind
    if update:
        keep(folder, outputs)
        return []
    return [line for name, text in outputs.items() for line in difference(folder / f"{name}.txt", text)]


def archived(home: Home, made: Iterable[Exchange]) -> None:
    """Puts the flows into this home's archive."""
    with Importer(home.root / "state" / "ccproxy" / "flows.db", print, bodies=True) as importer:
        importer.take(iter(made), Count())


def printed(home: Home, arguments: list[str]) -> str:
    """All that a command prints, and how it ends."""
    done = home.run(*arguments, **ENVIRONMENT)
    errors = f"--- standard error\n{done.stderr}" if done.stderr else ""
    return kept(
        f"$ ccproxy {' '.join(arguments)}\n{done.stdout}{errors}--- exit status {done.returncode}\n", str(home.root)
    )


def keep(folder: Path, outputs: dict[str, str]) -> None:
    """Writes the outputs in place of those that were kept."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for name, text in outputs.items():
        (folder / f"{name}.txt").write_text(text)


def difference(file: Path, text: str) -> list[str]:
    """What is different, in a few lines; nothing if it is as it was."""
    if not file.exists():
        return [f"{file.name} was not kept: run it with --update"]
    was = file.read_text()
    if was == text:
        return []
    changed = difflib.unified_diff(was.splitlines(), text.splitlines(), file.name, "now", n=0, lineterm="")
    return [line[:200] for line in list(changed)[:12]]
