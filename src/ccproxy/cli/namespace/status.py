"""`ccproxy namespace status`."""

from __future__ import annotations

from typing import Any

import click

from ccproxy import __version__
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("what runs in jails, and what the kernel says", "ccproxy namespace status"),
    ("the names of the jails that run", "ccproxy namespace status --json | jq -r '.jails[].name'"),
    ("may a user make namespaces here", "ccproxy namespace status --json | jq .sysctls"),
]

NOBODY: dict[str, Any] = {"daemon": {"running": False, "pid": None, "error": None}, "jails": []}
PACKAGES = ("cryptography", "mitmproxy", "mitmproxy_rs")


@command("status", examples=EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status(session: Session, as_json: bool) -> int:
    """Show the kernel's side of jails, and the jails that run.

    Needs no daemon and tries nothing out; `ccproxy namespace doctor` does.
    """
    value = collected(session)
    if as_json:
        import json

        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        from ccproxy.cli.namespace.view import view

        view(value)
    return 0


def collected(session: Session) -> dict[str, Any]:
    """The object that `--json` prints."""
    from ccproxy.config.paths import state_dir
    from ccproxy.jail import doctor, facts
    from ccproxy.jail.distribution import Distribution

    return {
        **facts.system(Distribution.read()),
        "supported": (elsewhere := doctor.elsewhere()) is None,
        "note": elsewhere,
        "versions": versions(),
        "keylogs": facts.keylogs(state_dir() / "keylog"),
        **(asked(session) if elsewhere is None else NOBODY),
    }


def versions() -> dict[str, str | None]:
    """Of Python, of ccproxy and of what jails are made with; None for what is not installed."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {"ccproxy": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def asked(session: Session) -> dict[str, Any]:
    """What the daemon says about itself and its jails; nothing if none runs."""
    try:
        control = session.control()
        told = control.status()
        if told is None:
            return NOBODY
        daemon = {"running": True, "pid": told["pid"], "error": None}
        return {"daemon": daemon, "jails": control.get("/jails")["jails"]}
    except CommandError as error:
        return {**NOBODY, "daemon": {"running": False, "pid": None, "error": error.message}}
