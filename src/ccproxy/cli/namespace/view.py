"""`ccproxy namespace status` for people."""

from __future__ import annotations

import shlex
import time
from typing import Any

import click

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import size, span, visible

JAILS = (
    Column("name", 10),
    Column("pid", 7, right=True, rank=2),
    Column("running", 8, rank=3),
    Column("flows", 5, right=True, rank=4),
    Column("port", 5, right=True, rank=5),
    Column("command", 16, rank=1),
)


def view(value: dict[str, Any]) -> None:
    """Prints what `status --json` would."""
    for name, text in facts(value):
        click.echo(f"  {name:<14} {visible(text)}")
    click.echo()
    if value["jails"]:
        show(JAILS, [Row(cells(jail, time.time())) for jail in value["jails"]], "")
    elif value["note"]:
        click.echo(value["note"])
    elif value["daemon"]["running"]:
        click.echo("no jail is running: `ccproxy run --inspect -- COMMAND` makes one")
    else:
        click.echo(f"{value['daemon']['error'] or 'no daemon is running'}: `ccproxy start` starts one")


def facts(value: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines above the jails."""
    kernel, known = value["kernel"], {name: text for name, text in value["sysctls"].items() if text is not None}
    where = [value["distribution"]["name"], *([f"in {value['container']}"] if value["container"] else [])]
    where += [f"WSL {value['wsl']}"] if value["wsl"] else []
    return [
        ("system", f"{kernel['name']} {kernel['release']}, {', '.join(where)}"),
        ("versions", ", ".join(f"{name} {version or 'missing'}" for name, version in value["versions"].items())),
        *((name.partition("/")[2].removeprefix("dev/"), device(told)) for name, told in value["devices"].items()),
        ("limits", ", ".join(f"{name} = {text}" for name, text in known.items()) or "none are known"),
        *(("key log", f"{log['path']} ({size(log['bytes'])}, mode {log['mode']})") for log in value["keylogs"]),
    ]


def device(told: dict[str, Any]) -> str:
    """A device in words."""
    if not told["present"]:
        return "is missing"
    return f"mode {told['mode']}, {'can' if told['accessible'] else 'can not'} be opened"


def cells(jail: dict[str, Any], now: float) -> list[Cell]:
    """A jail's cells, in the order of JAILS."""
    return [
        Cell(jail["name"], "cyan"),
        Cell(str(jail["pid"])),
        Cell(span(max(0.0, now - jail["since"]))),
        Cell(str(jail.get("flows", ""))),
        Cell(str(jail["port"]), "dim"),
        Cell(shlex.join(jail["command"]) or "another machine"),
    ]
