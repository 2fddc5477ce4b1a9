"""Fingerprints for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import clock, visible

if TYPE_CHECKING:
    from ccproxy.fingerprint.store import FingerprintStore

COLUMNS = (Column("name", 12), Column("JA4", 36), Column("captured", 8, rank=2), Column("client", 16, rank=1))
TOLD = ("ja4", "user_agent", "captured_at")
WIDTH = 100


def captured(store: FingerprintStore) -> list[dict[str, Any]]:
    """What the list tells of each kept fingerprint; `error` of one that cannot be read."""
    return [{"name": name, **_told(store, name)} for name in store.names()]


def show_list(known: list[dict[str, Any]], browsers: list[str]) -> None:
    """Prints the kept ones as a table, and the names of the browsers."""
    now = datetime.now().astimezone()
    if known:
        show(COLUMNS, [Row(_cells(each, now), Cell(each["error"] or "", "red")) for each in known], "error")
    else:
        click.echo("no fingerprint is kept: `ccproxy fingerprints save NAME --flow ID` keeps one")
    click.echo(click.style("\nbrowsers of curl_cffi", bold=True))
    click.echo(textwrap.fill(", ".join(browsers), WIDTH, initial_indent="  ", subsequent_indent="  "))


def show_record(record: dict[str, Any]) -> None:
    """Prints what there is to know of a fingerprint."""
    for name, text in facts(record):
        if text:
            click.echo(f"  {name:<18}{visible(text)}")


def facts(record: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Names and texts."""
    yield "JA4", record["ja4"]
    yield "", record.get("ja4_r")
    yield "JA3", record.get("ja3")
    yield "", record.get("ja3_full")
    yield "captured", " ".join(filter(None, [record.get("captured_at"), f"from {record.get('source') or 'elsewhere'}"]))
    yield "client", record.get("user_agent")
    yield "server", record.get("sni")
    yield "protocols", ", ".join(record.get("alpn_protocols") or ())
    yield "key shares", ", ".join(record.get("key_share_groups") or ())
    yield "HTTP/2", http2(record.get("http2"))
    yield "header order", ", ".join(record.get("header_order") or ())
    yield "replay", replay(record)["text"]


def http2(told: dict[str, Any] | None) -> str | None:
    """In the form that Akamai gave it: settings, window, priority, pseudo-headers."""
    if not told:
        return None
    settings = ";".join(f"{number}:{value}" for number, value in told.get("settings") or ())
    order = ",".join(told.get("pseudo_header_order") or "?")
    return f"{settings}|{told.get('window_update') or 0}|{(told.get('priority') or {}).get('weight') or 0}|{order}"


def replay(record: dict[str, Any]) -> dict[str, Any]:
    """Whether it can be sent again, as it was tried just now."""
    from ccproxy.fingerprint.fingerprint import Fingerprint
    from ccproxy.transport.rehearsal import rehearse

    verdict = rehearse(Fingerprint.read(record))
    return {
        "exact": verdict.exact,
        "way": verdict.way,
        "ja4": verdict.sent or None,
        "differences": list(verdict.differences),
        "text": str(verdict),
    }


def _told(store: FingerprintStore, name: str) -> dict[str, Any]:
    try:
        record = store.load(name)
    except (ValueError, OSError) as error:
        return dict.fromkeys(TOLD) | {"error": str(error)}
    return {member: record.get(member) for member in TOLD} | {"error": None}


def _cells(told: dict[str, Any], now: datetime) -> list[Cell]:
    when = clock(told["captured_at"], now) if told["captured_at"] else ""
    return [Cell(told["name"], "cyan"), Cell(told["ja4"] or ""), Cell(when), Cell(told["user_agent"] or "")]
