"""Flows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import clock, duration

type Summary = dict[str, Any]
"""A flow as the control plane tells it (ccproxy.flows.summary)."""

COLUMNS = (
    Column("id", 8),
    Column("time", 8, rank=3),
    Column("client", 12, rank=4),
    Column("request", 20, rank=6),
    Column("model → provider", 24),
    Column("status", 6, right=True),
    Column("in/out", 9, right=True, rank=2),
    Column("first byte", 10, right=True, rank=5),
    Column("total", 7, right=True, rank=1),
)

JAIL = Column("jail", 8, rank=2)
JAIL_AT = 2
"""Where the jail's column stands, if any of the flows comes from one."""

PENDING = "bright_yellow"
DNS_FINE = "NOERROR"


def show_flows(flows: Sequence[Summary]) -> None:
    """Print the flows on standard output, in the order given."""
    now = datetime.now().astimezone()
    columns, rows = list(COLUMNS), [cells(flow, now) for flow in flows]
    if any(flow.get("jail") for flow in flows):
        columns.insert(JAIL_AT, JAIL)
        for flow, row in zip(flows, rows, strict=True):
            row.insert(JAIL_AT, Cell(flow.get("jail") or "", "magenta"))
    notes = [Cell(error(flow), "red") for flow in flows]
    show(columns, list(map(Row, rows, notes)), "error")


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
        Cell(duration(flow.get("first_byte_ms"))),
        Cell(duration(flow.get("total_ms"))),
    ]


def error(flow: Summary) -> str:
    """Why it failed, in words; empty if it did not."""
    failure = flow.get("error")
    return failure["message"] if failure else ""


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
    """The model asked for, and where that went: `gpt-5 → sim`, `gpt-5 → work/claude-opus-4-5`."""
    model, dest = flow.get("model"), flow.get("dest_model")
    asked = model or "-"
    target = flow.get("provider") or (flow.get("request") or {}).get("pretty_host")
    if flow.get("protocol", "http") != "http":
        return target or ""
    if not target or flow.get("action") in {None, "local"}:
        return asked
    return f"{asked} → {target}" + (f"/{dest}" if dest and dest != model else "")


def status(flow: Summary) -> Cell:
    """The status the client got; a dash if it got none."""
    code = flow.get("status")
    if not flow.get("done", True):
        return Cell(str(code) if code else "…", PENDING)
    if flow.get("protocol", "http") != "http" and not flow.get("error"):
        return answered(flow)
    failed = code is None or code >= 400 or bool(flow.get("error"))
    return Cell(str(code) if code else "-", "red" if failed else "green")


def answered(flow: Summary) -> Cell:
    """How a conversation that is not HTTP ended, in its own word."""
    word = (flow.get("talk") or {}).get("status")
    return Cell(word or "ended", "green" if word in {None, DNS_FINE} else "yellow")


def tokens(flow: Summary) -> str:
    """Input and output tokens; empty if the provider told none."""
    usage = flow.get("usage")
    if not usage:
        return ""
    counts = (usage.get("input_tokens"), usage.get("output_tokens"))
    return "/".join("?" if count is None else str(count) for count in counts)
