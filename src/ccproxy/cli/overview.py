"""`ccproxy status` for people."""

from __future__ import annotations

import shutil
from datetime import datetime

import click

from ccproxy import __version__
from ccproxy.cli.auth.words import moment, validity
from ccproxy.cli.control import Archive, Provider
from ccproxy.cli.report import Report
from ccproxy.cli.words import several, span, visible

UP = ("●", "green")
DOWN = ("○", "red")
OFF = ("○", "bright_black")
SHAPES = {"stale": ("●", "yellow")}

INDENT = "  "

LOADING_SECONDS = 3.0
"""How long after the start an inspector may still be loading."""

type Row = tuple[tuple[str, str], str, str, str]
"""Mark, name, text, note."""


def overview(report: Report) -> str:
    """The lines to print, with colours that click removes where they do not belong."""
    lines = [headline(report), ""]
    lines += [row(*part) for part in parts(report)]
    lines += providers(report)
    if report.problems:
        lines += ["", click.style("problems", fg="red", bold=True)]
        lines += [f"  {visible(problem)}" for problem in report.problems]
    lines += hooks(report)
    if report.daemon is None and not report.mute:
        lines += [
            "",
            "start it with `ccproxy start`" + ("" if report.config_files else ", after `ccproxy init` if you like"),
        ]
    return "\n".join(lines)


def headline(report: Report) -> str:
    """Which program this is, and whether its daemon runs."""
    daemon = report.daemon
    if daemon is None:
        told = "a daemon runs and does not answer" if report.mute else "no daemon is running"
        return f"{click.style(f'ccproxy {__version__}', bold=True)}  {told}"
    told = f"running for {span(daemon['uptime_seconds'])}, pid {daemon['pid']}"
    return f"{click.style(f'ccproxy {daemon["version"]}', bold=True)}  {told}"


def row(mark: tuple[str, str], name: str, text: str, note: str = "") -> str:
    """One line: how it is, what it is, where it is."""
    sign, color = mark
    tail = f"  {click.style(visible(note), dim=True)}" if note else ""
    return f"  {click.style(sign, fg=color)} {name:<10} {visible(text)}{tail}"


def parts(report: Report) -> list[Row]:
    """The rows: mark, name, text, note."""
    stranger = report.proxy_up and report.daemon is None and not report.mute
    rows: list[Row] = [
        (
            UP if report.proxy_up else DOWN,
            "proxy",
            report.proxy.url,
            "another program answers there" if stranger else "",
        ),
        inspector(report),
        (mark(report.mcp_enabled, up=report.mcp_up), "mcp", report.mcp_url or "switched off", ""),
        config(report),
        (UP if report.log else OFF, "log", report.log or "none yet", ""),
    ]
    if report.daemon:
        flows = report.daemon["flows"]
        told = f"{flows['count']} in memory, {flows['active']} under way"
        rows.append((UP, "flows", told, "ccproxy flows list"))
        rows.append(archive(report.daemon["archive"]))
    return [*rows, *shapes(report)]


def shapes(report: Report) -> list[Row]:
    """A row for each shape that a provider asks for and that is not as it should be; one where nothing is shaped."""
    if not report.shaping:
        return [(OFF, "shaping", "switched off: shaping.enabled is false", "")]
    return [
        (SHAPES.get(each["state"], DOWN), "shape", f"{each['profile']}: {each['why']}", each["fix"] or "")
        for each in report.shapes
        if each["why"]
    ]


def archive(told: Archive) -> Row:
    """The row of the flow archive: where it is, and what became of flows on the way to it."""
    if told["mode"] == "off":
        return OFF, "archive", "switched off", ""
    dropped = told["dropped_bodies"], told["dropped_flows"]
    notes = [
        told["error"],
        f"{several(told['waiting'], 'flow')} waiting" if told["waiting"] else None,
        f"{several(dropped[0], 'flow')} without bodies, {dropped[1]} lost: no room" if any(dropped) else None,
    ]
    return DOWN if told["error"] else UP, "archive", told["path"], "; ".join(filter(None, notes))


def inspector(report: Report) -> Row:
    """The inspector's row; its cause, if it failed to start."""
    if not report.inspector_enabled:
        young = report.daemon is not None and report.daemon["uptime_seconds"] < LOADING_SECONDS
        return OFF, "inspector", "loading" if young else "switched off", ""
    error = report.daemon["inspector"]["error"] if report.daemon else None
    return UP if report.inspector_up else DOWN, "inspector", report.inspector_url, error or ""


def config(report: Report) -> Row:
    """The configuration file's row."""
    file = report.config_files.get("ccproxy.yaml")
    note = "changed since the start: start the daemon again to apply it" if report.changed else ""
    if file is None:
        return OFF, "config", str(report.directory / "ccproxy.yaml"), note or "not there: defaults apply"
    return UP, "config", file, note


def mark(enabled: bool, *, up: bool) -> tuple[str, str]:
    """The sign of a part that may be switched off."""
    return OFF if not enabled else UP if up else DOWN


def providers(report: Report) -> list[str]:
    """A line a provider, as the daemon has them."""
    if report.daemon is None:
        return []
    listed = report.daemon["providers"]
    if not listed:
        return ["", "  no providers: name some in ccproxy.yaml (`ccproxy init` shows how)"]
    widths = [max(len(column(provider)[index]) for provider in listed) for index in range(3)]
    lines = [
        "    " + "  ".join(f"{text:<{width}}" for text, width in zip(column(provider), [*widths, 0], strict=True))
        for provider in listed
    ]
    return ["", f"  {click.style(several(len(listed), 'provider'), bold=True)}", *lines]


def hooks(report: Report) -> list[str]:
    """The pipeline as a tree; nothing if it cannot be known."""
    if not report.pipeline:
        return []
    from ccproxy.pipeline.render import tree

    lines = map(visible, tree(report.pipeline, shutil.get_terminal_size().columns - len(INDENT)))
    return ["", *(INDENT + (click.style(line, bold=True) if line[:1].isalpha() else line) for line in lines)]


def column(provider: Provider) -> tuple[str, str, str, str]:
    """A provider's cells."""
    origin = "built in" if provider["type"] == "simulator" else visible(provider["origin"])
    told = f"{credential(provider)}{project(provider)}"
    found = f"; found: {visible(file)}" if (file := provider.get("found")) else ""
    return visible(provider["name"]), visible(provider["type"]), origin, told + found


def project(provider: Provider) -> str:
    """The project that its requests are made for, and what is wrong with it; nothing where there is no such thing."""
    if "project" not in provider:
        return ""
    known, error = provider["project"], provider.get("project_error")
    seen = provider.get("credential")
    if seen is not None and not seen["present"]:
        error = None  # why there is no credential has been told
    told = f"project: {visible(known)}" if known else "no project"
    return "; Code Assist, " + (click.style(f"{told}: {visible(error)}", fg="yellow") if error else told)


def credential(provider: Provider) -> str:
    """What its credential comes from, until when it is good, and what is wrong with it."""
    known = provider.get("credential")
    auth = f"auth: {provider['auth']}" if provider["auth"] is not None else "no auth"
    if known is None:
        return auth
    now = datetime.now().astimezone()
    if refused := known.get("refused"):
        told = f"{auth}, refused with 401, {moment(refused, now)}: {visible(known['error'] or '')}"
        return click.style(told, fg="red")
    told = validity(known["expires"], now) if known["present"] else "no credential"
    color = None if known["present"] and not known["error"] else "yellow" if known["present"] else "red"
    led = "; last error" if known["present"] else ""
    why = f"{led}: {visible(known['error'])}" if known["error"] else ""
    return click.style(", ".join(filter(None, [auth, told])) + why, fg=color)
