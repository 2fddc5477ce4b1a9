"""The examples in the help of the commands about flows do what they say, on an archive with such flows."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator

import jq
import pytest

from ccproxy.cli.flows.group import flows as group
from ccproxy.cli.main import cli
from ccproxy.cli.usage import usage
from ccproxy.exchange import Exchange
from ccproxy.flows.importing import Count, Importer
from tests.support.archived import archive_of, call
from tests.support.daemon import Home
from tests.support.turns import ask, model, user

NEED_MORE = ("replay", "import", "repl", "--watch")
"""A daemon, a file, a console."""
NAMED = {"3f2a91": "7d1f", "8c1d22": "7d1f", "5b1d00": "5b1d", "5b1d01": "5b1d"}
"""Beginnings of ids that examples have, and the sessions."""


def flows() -> Iterator[Exchange]:
    """Those that the examples are about: of today, and one of them failed."""
    said = [user("hello")]
    for name, session in NAMED.items():
        ex = ask(list(said), "hi", session=session, status=529 if name == "8c1d22" else 200, body={"model": "opus"})
        ex.id, ex.timings.started = f"{name}-flow", time.time()
        said += [model("hi"), user("go on")]
        yield ex


def commands() -> list[str]:
    """All lines of examples that can be run on an archive."""
    context = cli.make_context("ccproxy", ["flows"], resilient_parsing=True)
    each = [group.get_command(context, name) for name in group.list_commands(context)]
    lines = [line for command in [*each, usage] for _, line in getattr(command, "examples", ())]
    return [line for line in lines if not any(word in line for word in NEED_MORE)]


@pytest.fixture
def kept(home: Home) -> Home:
    """A home with an archive."""
    with Importer(archive_of(home), print) as importer:
        importer.take(flows(), Count())
    return home


@pytest.mark.parametrize("line", commands())
def test_an_example_can_be_typed_as_it_is(kept: Home, line: str) -> None:
    typed, _, program = line.partition(" | ")
    words = shlex.split(typed.partition(" > ")[0])
    assert words[0] == "ccproxy"
    done = call(kept, *words[1:], *(["--yes"] if "clear" in words and "--yes" not in words else []))
    assert done.exit_code == 0, done.output
    if program:
        name, *options, asked = shlex.split(program)
        assert name == "jq"
        assert set(options) <= {"-r", "-c"}
        jq.compile(asked).input_value(json.loads(done.stdout)).all()


def test_there_are_examples() -> None:
    assert len(commands()) > 25
