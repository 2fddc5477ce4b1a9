"""Flows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import clock, dollars, duration
from ccproxy.flows.selection import model_of

type Summary = dict[str, Any]
"""A flow as the control plane tells it (ccproxy.flows.summary)."""

COLUMNS = (
    Column("id", 8),
    Column("time", 8, rank=3),
    Column("client", 12, rank=5),
    Column("request", 20, rank=7),
    Column("model → provider", 24),
    Column("status", 6, right=True),
    Column("in/out/cached", 9, right=True, rank=2),
    Column("cost", 7, right=True, rank=4),
    Column("first byte", 10, right=True, rank=6),
    Column("total", 7, right=True, rank=1),
)

JAIL = Column("jail", 8, rank=2)
JAIL_AT = 2
"""Where the jail's column stands, if any of the flows comes from one."""

PENDING = "bright_yellow"
DNS_FINE = "NOERROR"


def show_flows(flows: Sequence[Summary]) -> None:
    """Print the flows on standard output, in the order given."""
    now, with_jail = datetime.now().astimezone(), any(flow.get("jail") for flow in flows)
    show(columns(with_jail), [row(flow, now, with_jail) for flow in flows], "error")


def columns(with_jail: bool) -> list[Column]:
    """The table's columns, with or without that of jails."""
    return [*COLUMNS[:JAIL_AT], *([JAIL] if with_jail else []), *COLUMNS[JAIL_AT:]]


def row(flow: Summary, now: datetime, with_jail: bool) -> Row:
    """A flow's line, in the order of `columns`; why it failed is its note."""
    found = cells(flow, now)
    if with_jail:
        found.insert(JAIL_AT, Cell(flow.get("jail") or "", "magenta"))
    return Row(found, Cell(error(flow), "red"))


def cells(flow: Summary, now: datetime) -> list[Cell]:
    """A flow's cells, in the order of COLUMNS."""
    return [
        Cell(flow["id"][:8], "cyan"),
        Cell(clock(flow["time"], now), "dim"),
        Cell(agent(flow), "dim"),
        Cell(request_line(flow), "dim"),
        Cell(route(flow)),
        status(flow),
        Cell(tokens(flow)),
        Cell(dollars((flow.get("cost") or {}).get("usd"))),
        Cell(duration(flow.get("first_byte_ms"))),
        Cell(duration(flow.get("total_ms")) if flow.get("done", True) else "…"),
    ]


def error(flow: Summary) -> str:
    """Why it failed, in words, or why the provider refused; empty if neither."""
    failure = flow.get("error")
    return (failure["message"] or failure["kind"]) if failure else flow.get("refusal") or ""


def agent(flow: Summary) -> str:
    """The client's name and version: the first product of its User-Agent (RFC 9110 §10.1.5)."""
    words = (flow.get("user_agent") or "").split() or program(flow)
    return words[0][:24] if words else flow.get("front", "")


def program(flow: Summary) -> list[str]:
    """The name of the command that a jail runs; nothing on the reverse listener."""
    command = (flow.get("process") or {}).get("command") or []
    return [command[0].rpartition("/")[2]] if command else []


def request_line(flow: Summary) -> str:
    """Method and path, without the query."""
    return f"{flow['method']} {flow['path'].partition('?')[0]}"


def route(flow: Summary) -> str:
    """The model asked for, where that went, and what answered: `gpt-5 → sim`, `gpt-5 → work/claude-opus-4-5`."""
    model, dest = flow.get("model"), model_of(flow)
    asked = model or "-"
    target = flow.get("provider") or (flow.get("request") or {}).get("pretty_host")
    if flow.get("protocol", "http") != "http":
        return target or ""
    if not target or flow.get("action") in {None, "local"}:
        return asked
    return f"{asked} → {target}" + (f"/{dest}" if dest and dest != model else "")


def status(flow: Summary) -> Cell:
    """The status the client got, with an ellipsis while it is under way; a dash if it got none."""
    code = flow.get("status")
    if not flow.get("done", True):
        return Cell(f"{code or ''}…", PENDING)
    if flow.get("protocol", "http") != "http" and not flow.get("error"):
        return answered(flow)
    failed = code is None or code >= 400 or bool(flow.get("error"))
    return Cell(str(code) if code else "-", "red" if failed else "green")


def answered(flow: Summary) -> Cell:
    """How a conversation that is not HTTP ended, in its own word."""
    word = (flow.get("talk") or {}).get("status")
    return Cell(word or "ended", "green" if word in {None, DNS_FINE} else "yellow")


def tokens(flow: Summary) -> str:
    """Tokens in, out and, where there are such, read from the provider's cache; empty if the provider told none.

    Those that were written to the cache count as in.
    """
    usage = flow.get("usage")
    if not usage:
        return ""
    taken, given, cached = (usage.get(name) for name in ("input_tokens", "output_tokens", "cache_read_input_tokens"))
    written = usage.get("cache_creation_input_tokens")
    counts = [None if taken is None else taken + (written or 0), given, *([cached] if cached else [])]
    return "/".join("?" if count is None else short(count) for count in counts)


def short(count: int) -> str:
    """`950`, `9500`, `12k`, `1.5M`."""
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1_000_000:.1f}M"
