"""`ccproxy hooks run`: what comes out, what is said beside it, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Home
from tests.support.provider_answers import stream_of

HOOKS = '''
import re
from pydantic import BaseModel
from ccproxy import AnswerContext, Context, hook
from ccproxy.lightllm.events import TextDelta

print("loading")


class Params(BaseModel):
    limit: int = 100


@hook(stage=("inbound", "outbound"), reads=["max_tokens"], writes=["max_tokens", "exchange.tags"], params=Params)
def shorter(ctx: Context, params: Params) -> None:
    """Cuts."""
    print("running")
    if ctx.body.get("max_tokens", 0) > params.limit:
        ctx.body.assign("max_tokens", params.limit)
        ctx.exchange.tag("shorter", ctx.exchange.stage)


@hook(stage="inbound", writes=["headers.*", "exchange.provider", "exchange.model", "exchange.session", "exchange.tags"])
def marks(ctx: Context, params: None) -> None:
    ctx.headers.set("x-a", "new")
    ctx.headers.delete("x-b")
    ctx.headers.set("authorization", "Bearer hidden-one")
    ctx.exchange.provider = "elsewhere"
    ctx.exchange.model = "m-2"
    ctx.exchange.session = "s\\x1b[31m"


@hook(stage="outbound", writes=["exchange.credential"])
def sign(ctx: Context, params: None) -> None:
    ctx.exchange.credential = [(b"x-api-key", b"hidden-two")]


@hook(stage="inbound", reads=[], writes=["max_tokens"])
def breaks(ctx: Context, params: None) -> None:
    ctx.body.assign("max_tokens", 1)
    raise KeyError("nothing of the kind")


@hook(stage="inbound", guard=lambda ctx: False)
def guarded(ctx: Context, params: None) -> None:
    pass


@hook(stage="inbound")
def curious(ctx: Context, params: None) -> None:
    ctx.body.get("metadata.user_id")


@hook(stage="inbound")
def answers(ctx: Context, params: None) -> None:
    ctx.respond(403, "not from here")


@hook(stage="inbound")
async def waits(ctx: Context, params: None) -> None:
    pass


@hook(stage="inbound")
def leaves(ctx: Context, params: None) -> None:
    raise SystemExit(0)


@hook(stage="response", reads=["text"], writes=["text"])
def shouts(ctx: AnswerContext, params: None) -> None:
    if isinstance(ctx.event, TextDelta):
        ctx.event.text = ctx.event.text.upper()


@hook(stage="response", reads=["text"])
def listens(ctx: AnswerContext, params: None) -> None:
    pass
'''
ODDLY_SPELLED = b'{ "max_tokens":5,\n  "model": "m", "messages": [ {"role": "user", "content": "h\\u00e9"} ]}\n'
LONG = '{"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "hi"}]}'


@pytest.fixture
def hooks(home: Home) -> Home:
    """A home with the hooks above."""
    directory = home.config_dir / "hooks"
    directory.mkdir(mode=0o700)
    (directory / "many.py").write_text(HOOKS)
    return home


def test_what_is_not_written_stays_byte_for_byte(hooks: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ccproxy", "hooks", "run", "shorter"],
        env=hooks.environment(),
        input=ODDLY_SPELLED,
        capture_output=True,
        check=True,
    )
    assert done.stdout == ODDLY_SPELLED
    assert b"wrote         nothing" in done.stderr
    assert b"running" in done.stderr  # what hooks print is not output


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"not json"])
def test_a_body_that_is_no_json(hooks: Home, tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "body"
    file.write_bytes(body)
    done = subprocess.run(
        [sys.executable, "-m", "ccproxy", "hooks", "run", "shorter", str(file)],
        env=hooks.environment(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == body
    assert b"skipped" in done.stderr
    assert b"no known format" in done.stderr


def test_a_change(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "shorter", stdin=LONG)
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(LONG) | {"max_tokens": 100}
    lines = done.stderr.splitlines()
    assert any(line.startswith("● shorter  ran in ") and "inbound" in line for line in lines)
    assert "  wrote         max_tokens, exchange.tags" in lines
    assert "  tag           shorter=inbound" in lines


def test_parameters_and_stage(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "shorter", "--params", '{"limit": 7}', "--stage", "outbound", stdin=LONG)
    assert json.loads(done.stdout)["max_tokens"] == 7
    assert "shorter=outbound" in done.stderr


def test_the_configurations_parameters(hooks: Home) -> None:
    hooks.write({"hooks": {"outbound": [{"hook": "many:shorter", "params": {"limit": 50}}]}})
    done = hooks.run("hooks", "run", "shorter", stdin=LONG)
    assert json.loads(done.stdout)["max_tokens"] == 50
    assert "shorter=outbound" in done.stderr


def test_header_fields_and_choices(hooks: Home) -> None:
    sent = ("--header", "X-A: old", "--header", "x-b: two", "--provider", "here", "--model", "m-1")
    done = hooks.run("hooks", "run", "marks", *sent, stdin=LONG)
    assert done.returncode == 0, done.stderr
    told = [line.split(maxsplit=1) for line in done.stderr.splitlines() if line.startswith("  ")]
    assert ["header", "- X-A: old"] in told
    assert ["header", "+ X-A: new"] in told
    assert ["header", "- x-b: two"] in told
    assert ["header", "+ authorization: [redacted]"] in told
    assert ["provider", "elsewhere"] in told
    assert ["model", "m-2"] in told
    assert ["session", "s\\x1b[31m"] in told
    assert "hidden" not in done.stderr


def test_a_credential_is_named_and_not_shown(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "sign", stdin=LONG)
    assert "  credential    x-api-key (not shown)\n" in done.stderr
    assert "hidden" not in done.stderr


def test_the_credential_of_a_provider_is_not_shown_either(hooks: Home) -> None:
    hooks.write({"providers": {"work": {"type": "anthropic", "host": "api.test", "auth": "echo hidden-three"}}})
    done = hooks.run("hooks", "run", "inject_auth", "--provider", "work", stdin=LONG)
    assert done.returncode == 0, done.stderr
    assert "(not shown)" in done.stderr
    assert "hidden" not in done.stderr + done.stdout


def test_a_hook_that_fails(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "breaks", stdin=LONG)
    assert done.returncode == 1
    assert done.stdout == LONG
    assert "✗ breaks  failed" in done.stderr
    number = HOOKS.splitlines().index('    raise KeyError("nothing of the kind")') + 1
    assert f'many.py", line {number}, in breaks' in done.stderr
    assert "executor.py" not in done.stderr
    assert "executor.py" in hooks.run("-v", "hooks", "run", "breaks", stdin=LONG).stderr


def test_a_hook_that_ends_the_program(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "leaves", stdin=LONG)
    assert (done.returncode, done.stdout) == (1, LONG)
    assert "✗ leaves  failed" in done.stderr


def test_a_guard_that_says_no(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "guarded", stdin=LONG)
    assert (done.returncode, done.stdout) == (0, LONG)
    assert "○ guarded  skipped" in done.stderr
    assert done.stderr.rstrip().endswith(": guard")


def test_a_read_that_is_not_declared(hooks: Home) -> None:
    assert "it reads metadata.user_id: add that to reads=[…]" in hooks.run("hooks", "run", "curious", stdin=LONG).stderr


def test_an_answer_of_the_hooks_own(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "answers", stdin=LONG)
    assert done.returncode == 0
    assert "  answered      403 in place of a provider: not from here" in done.stderr


def test_an_async_hook(hooks: Home) -> None:
    assert "● waits  ran" in hooks.run("hooks", "run", "waits", stdin=LONG).stderr


@pytest.mark.parametrize("format", ["anthropic", "openai", "openai_responses", "gemini"])
def test_a_recorded_stream_is_what_the_client_gets(hooks: Home, format: str) -> None:
    stream = b"".join(stream_of(format, ["Good ", "day"])).decode()
    done = hooks.run("hooks", "run", "shouts", stdin=stream)
    assert done.returncode == 0, done.stderr
    assert "GOOD " in done.stdout
    assert "Good" not in done.stdout
    assert "  wrote         text" in done.stderr
    assert f"in the format {format}" in done.stderr


def test_a_stream_that_a_hook_only_listens_to(hooks: Home) -> None:
    stream = b"".join(stream_of("anthropic", ["Good ", "day"])).decode()
    done = hooks.run("hooks", "run", "listens", stdin=stream)
    assert (done.returncode, done.stdout) == (0, stream)


def test_an_answer_in_one_piece(hooks: Home) -> None:
    answer = {"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}
    done = hooks.run("hooks", "run", "shouts", "--format", "chat", stdin=json.dumps(answer))
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "HI"


@pytest.mark.parametrize("name", ["many.py:shorter", "./many.py:shorter", "many:shorter"])
def test_a_file_or_a_module_in_place_of_a_name(hooks: Home, name: str) -> None:
    directory = hooks.config_dir / "hooks"
    done = subprocess.run(
        [sys.executable, "-m", "ccproxy", "hooks", "run", name],
        env=hooks.environment(),
        cwd=directory,
        input=LONG,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["max_tokens"] == 100


def test_modules_of_the_directory_and_of_others(hooks: Home) -> None:
    package = hooks.config_dir / "hooks" / "_inner"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text("from ..many import shorter\n")
    done = hooks.run("hooks", "run", "_inner.deep:shorter", stdin=LONG)
    assert json.loads(done.stdout)["max_tokens"] == 100, done.stderr
    done = hooks.run("hooks", "run", "ccproxy.hooks.verbose_mode:verbose_mode", stdin=LONG)
    assert (done.returncode, done.stdout) == (0, LONG)
    done = hooks.run("hooks", "run", "no.such.module:hook", stdin=LONG)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no.such.module" in done.stderr


def test_a_file_that_is_not_configured(home: Home, tmp_path: Path) -> None:
    """With a neighbour that it imports."""
    (tmp_path / "_shared.py").write_text("LIMIT = 3\n")
    (tmp_path / "draft.py").write_text(
        "from ccproxy import hook\nfrom ._shared import LIMIT\n\n\n"
        "@hook(stage='inbound', writes=['max_tokens'])\n"
        "def draft(ctx, params):\n    ctx.body.assign('max_tokens', LIMIT)\n"
    )
    done = home.run("hooks", "run", str(tmp_path / "draft.py"), stdin=LONG)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["max_tokens"] == 3


def test_one_hook_runs_though_another_does_not_load(hooks: Home) -> None:
    directory = hooks.config_dir / "hooks"
    (directory / "bad.py").write_text("import nothing_of_the_kind\n")
    (directory / "mine.py").write_text(
        "from ccproxy import hook\n\n\n@hook(stage='inbound')\ndef mine(ctx, params):\n    pass\n"
    )
    done = hooks.run("hooks", "run", "mine", stdin=LONG)
    assert (done.returncode, done.stdout) == (0, LONG)
    assert "nothing_of_the_kind" in done.stderr
    done = hooks.run("hooks", "run", "bad", stdin=LONG)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{directory / 'bad.py'}:1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["shortest"], "did you mean shorter?"),
        (["nobody_at_all"], "there is no hook"),
        (["no_such.py"], "there is no file"),
        (["{hooks}/many.py"], "add :shorter"),
        (["shorter", "--params", "[1]"], "is not an object"),
        (["shorter", "--params", "{"], "is not JSON"),
        (["shorter", "--params", '{"limit": "x"}'], "limit"),
        (["shorter", "--params", '{"limt": 1}'], "limt"),
        (["marks", "--params", '{"limit": 1}'], "takes no parameters"),
        (["marks", "--stage", "outbound"], "not of outbound"),
        (["marks", "--stage", "sideways"], "sideways"),
        (["shorter", "--format", "morse"], "morse"),
        (["shorter", "--header", "nonsense"], "Name: value"),
        (["shorter", "no-such-file.json"], "no-such-file.json"),
        (["shouts"], "looks like none of the formats"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage(hooks: Home, arguments: list[str], why: str) -> None:
    directory = str(hooks.config_dir / "hooks")
    done = hooks.run(
        "hooks", "run", *(each.format(hooks=directory) if "{hooks}" in each else each for each in arguments), stdin=LONG
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_an_answer_that_cannot_be_read(hooks: Home) -> None:
    done = hooks.run("hooks", "run", "shouts", "--format", "anthropic", stdin='{"candidates": []}')
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
