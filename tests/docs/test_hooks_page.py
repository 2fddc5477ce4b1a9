"""docs/hooks.md: its commands can be typed, its names exist, and its tables are complete."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy import AnswerContext, Context, Hook, hook
from ccproxy.config.hooks import HookEntry, Hooks
from ccproxy.pipeline.body import Body
from ccproxy.pipeline.facts import PLAIN, READ, WRITE, Facts
from ccproxy.pipeline.families import ALL, FAMILIES
from ccproxy.pipeline.fields import Fields
from ccproxy.pipeline.hook import STAGES
from ccproxy.pipeline.references import built_in
from tests.docs.pages import PAGE, blocks, commands, examples
from tests.support.configs import providers
from tests.support.crossing import answering
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC
from tests.support.hooks import put_hooks
from tests.support.upstream import Upstream

TEXT = PAGE.read_text()


def test_there_are_examples() -> None:
    assert list(examples()) == [
        "redact", "cap_max_tokens", "route_by_model", "house_rules", "tag_by_project", "mask_hosts",
    ]  # fmt: skip


def test_links_lead_to_headings_and_files() -> None:
    headings = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.*)$", TEXT, re.M)}
    for target in re.findall(r"\]\((.*?)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (PAGE.parent / target).exists(), target


def test_the_declarations_are_all_there_are() -> None:
    (shown,) = (text for text in blocks("python") if text.startswith("@hook("))
    function = ast.parse(f"{shown}def f(): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    (decorator,) = function.decorator_list
    assert isinstance(decorator, ast.Call)
    told = {keyword.arg for keyword in decorator.keywords} | {"overridable"}
    assert told == set(inspect.signature(hook).parameters)
    assert "`overridable: false`" in TEXT


def test_what_a_hook_sees_is_there() -> None:
    for name in set(re.findall(r"\bctx\.(\w+)", TEXT)):
        assert hasattr(Context, name) or name in {"exchange", "event", "state"}, name
    table = TEXT[TEXT.index("## What a hook sees") : TEXT.index("## Redact a secret")]
    rows = {
        room: re.findall(r"`(\w+)(?:\(.*?\))?`", row)
        for room, row in re.findall(r"^\| `ctx\.(\w+)` \| (.*)$", table, re.M)
    }
    assert set(rows["body"]) <= set(dir(Body))
    assert set(rows["headers"]) - {"in"} <= set(dir(Fields))
    assert set(rows["exchange"]) == {*PLAIN, *READ}
    assert "__contains__" in dir(Fields)
    assert set(re.findall(r"ctx\.exchange\.(\w+)", TEXT)) <= {*PLAIN, *READ, *WRITE, *dir(Facts)}
    assert {"event", "state"} <= {*AnswerContext.__slots__}


def test_the_parts_of_an_answer_are_all_there_are() -> None:
    said = TEXT[TEXT.index("declares an interest in:") : TEXT.index("for all.")]
    assert set(re.findall(r"`(\w+)`", said)) == {*FAMILIES, ALL}


def test_the_keys_of_the_configuration_exist() -> None:
    keys = set(re.findall(r"`hooks\.(\w+)", TEXT))
    assert keys <= set(Hooks.model_fields)
    assert keys >= set(Hooks.model_fields) - {"entry_points"}
    assert "`hooks.entry_points: false`" in TEXT
    assert all(f"`{name}`" in TEXT or f"`{name}:" in TEXT for name in set(HookEntry.model_fields) - {"hook"})
    assert all(f"| `{stage}` |" in TEXT for stage in STAGES)


def test_the_built_in_hooks_are_all_there_are() -> None:
    table = TEXT[TEXT.index("## Built in") :]
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+)", table, re.MULTILINE))
    assert set(told) == set(built_in())
    for name, stage in told.items():
        module = __import__(f"ccproxy.hooks.{name}", fromlist=[name])
        found = getattr(module, name)
        assert isinstance(found, Hook)
        assert found.stages[0] == stage
    defaults = {entry.hook.rpartition(".")[2] for stage in STAGES for entry in Hooks().listed(stage)}
    assert {name for name in told if f"| `{name}` | {told[name]}, by default" in table} == defaults - {"inject_auth"}


# -- commands


@pytest.fixture(scope="module")
def shown(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the hooks of the page."""
    home = Home()
    put_hooks(home, **examples())
    try:
        with Daemon({"providers": providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))}, home=home) as it:
            yield it
    finally:
        home.remove()


def test_every_command_can_be_typed(shown: Daemon, upstream: Upstream, agent: str) -> None:
    """In the order of the page; what stands for something is replaced by one."""
    upstream.script = answering("anthropic", sse=False)
    shown.ask("POST", "/v1/messages", [ANTHROPIC.key(), (b"user-agent", agent.encode())], ANTHROPIC.body())
    stands_for = {"NAME": "cap_max_tokens", "ID": str(shown.flow(agent)["id"])}
    typed = commands()
    for command in typed:
        program, *words = shlex.split(command.removesuffix("< request.json"))
        assert program == "ccproxy", command
        stdin = ANTHROPIC.body().decode() if command.endswith("< request.json") else None
        done = shown.home.run(*(stands_for.get(word, word) for word in words), stdin=stdin)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if stdin is not None:
            assert json.loads(done.stdout), command
            assert words[2] in done.stderr or stands_for[words[2]] in done.stderr, (command, done.stderr)
    told = [" ".join(shlex.split(command)[1:3]) for command in typed]
    assert {"hooks new", "hooks check", "hooks run", "hooks list", "status --mermaid=inbound", "flows show"} <= set(
        told
    )


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_examples_have_strict_types(tmp_path: Path) -> None:
    for name, text in examples().items():
        (tmp_path / f"{name}.py").write_text(text)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--config-file=", "."]
    done = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout
