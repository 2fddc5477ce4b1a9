"""An archive with flows that are easy to tell apart, and the program run in this process."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ccproxy.cli.main import cli
from ccproxy.exchange import Attempt, Exchange, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.archive.store import Archive, Entry, Settings
from ccproxy.flows.record.record import to_record
from ccproxy.flows.summary import summarize
from tests.support.daemon import Home

NOON = 1_760_000_000.0
"""When the first of the made-up flows began."""


def flow(number: int, *, host: str = "api.test", status: int = 200, **facts: Any) -> Exchange:
    """A finished exchange with the id `NUMBER-flow`; they are a minute apart, and each took as many tokens as its
    number."""
    body = b'{"model":"%s"}' % facts.pop("model", "opus").encode()
    made = Exchange(
        HttpRequest("POST", b"/v1/messages", [(b"host", b"127.0.0.1:4000"), (b"user-agent", b"made-up/1")], body),
        id=f"{number:04}-flow",
        format=WireFormat.ANTHROPIC,
        **facts,
    )
    made.route = Route("redirect", "work", WireFormat.ANTHROPIC, Origin("https", host, 443), "sentinel work")
    made.forwarded = HttpRequest("POST", b"/v1/messages", [(b"x-api-key", b"top-secret")], body)
    answer = b'{"usage":{"input_tokens":%d,"output_tokens":1}}' % number
    made.provider_response = made.response = HttpResponse(status, [], b"OK", [answer], complete=True)
    started = made.timings.started = NOON + 60 * number
    made.attempts = [Attempt(started + 0.1, started + 0.2, status)]
    made.timings.first_byte, made.timings.finished = started + 0.2, started + 0.5
    return made


def archive_of(home: Home) -> Path:
    """Where a home has its archive."""
    return home.root / "state" / "ccproxy" / "flows.db"


def keep(path: Path, exchanges: Iterable[Exchange], **more: Any) -> None:
    """Archives flows; `more` are members of their summaries."""
    archive = Archive.open(path, Settings())
    try:
        archive.add([Entry(to_record(ex), {**summarize(ex), **more}) for ex in exchanges])
    finally:
        archive.close()


def call(home: Home, *arguments: str, stdin: str | None = None, **extra: str) -> Result:
    """`ccproxy ARGUMENTS…` in that home and its directory, but not in a process of its own."""
    with chdir(home.root / "home"):
        return CliRunner().invoke(cli, arguments, stdin, home.environment(extra), prog_name="ccproxy")
