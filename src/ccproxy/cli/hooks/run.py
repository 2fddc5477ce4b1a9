"""`ccproxy hooks run`."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.lightllm import FORMATS
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.cli.hooks.choosing import Chosen
    from ccproxy.pipeline.trial import Trial

EXAMPLES = [
    ("what a hook of your configuration makes of a request", "ccproxy hooks run shorter < request.json"),
    ("what it changes", "diff <(jq . request.json) <(ccproxy hooks run shorter request.json | jq .)"),
    (
        "with other parameters, on a request with a header",
        "ccproxy hooks run shorter --params '{\"limit\": 10}' --header 'x-project: web' request.json",
    ),
    ("one that is not configured yet", "ccproxy hooks run ./draft.py --format gemini request.json"),
    ("what a client gets of a recorded answer", "ccproxy hooks run count_words stream.txt"),
]

STAGES = ("inbound", "outbound", "response")


@command("run", examples=EXAMPLES)
@click.argument("name")
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "format",
    "--format",
    type=click.Choice(list(FORMATS)),
    help="The format of FILE.  [default: a guess by its members]",
)
@click.option(
    "headers",
    "--header",
    metavar="'NAME: VALUE'",
    multiple=True,
    help="A header field of the request. May be repeated.",
)
@click.option("--params", metavar="JSON", help="The hook's parameters, in place of the configuration's.")
@click.option("--stage", type=click.Choice(STAGES), help="Where it runs, if it can in several.")
@click.option("--provider", metavar="NAME", help="Whose the request is.")
@click.option("--model", metavar="NAME", help="The model asked for, if FILE does not say.")
@click.pass_obj
def run(
    session: Session, /, name: str, file: BinaryIO, headers: tuple[str, ...], params: str | None, **facts: Any
) -> int:
    """Run one hook on one request, without a daemon.

    NAME is a hook of the configuration, `module:function`, or the path of a .py file, with `:function` if there are
    several hooks in it. FILE is the body of a request, for a response hook an answer or a recorded stream; standard
    input if it is left out or `-`.

    What the hook leaves goes to standard output, byte for byte what came if it changed nothing; what happened goes to
    standard error. The exit status is 1 if the hook failed.
    """
    from ccproxy.cli.hooks.choosing import choose
    from ccproxy.cli.hooks.outcome import told

    quiet(session.verbose)
    fields = [parse_header(header) for header in headers]
    given = parse_params(params)
    chosen = choose(session, name, facts["stage"])
    trial = tried(chosen, file.read(), fields, given, facts)
    sys.stdout.buffer.write(trial.body)
    sys.stdout.buffer.flush()
    click.echo(told(trial, fields, verbose=session.verbose), err=True)
    return 1 if trial.result.outcome == "failed" else 0


def tried(chosen: Chosen, body: bytes, headers: list[tuple[str, str]], params: Any, facts: dict[str, Any]) -> Trial:
    """The trial. Raises UsageError for what cannot be tried, CommandError for a hook that exits."""
    from ccproxy.cli.hooks.loading import output_aside
    from ccproxy.pipeline.trial import try_hook

    try:
        with output_aside():
            return try_hook(
                chosen.hook,
                body,
                format=FORMATS[facts["format"]] if facts["format"] else None,
                headers=headers,
                params=chosen.params if params is None else params,
                stage=chosen.stage,
                provider=facts["provider"],
                model=facts["model"],
                resources=chosen.resources,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def parse_header(text: str) -> tuple[str, str]:
    """`Name: value` as (name, value). Raises BadParameter."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable():
        raise click.BadParameter(f"{text!r} is not 'Name: value'", param_hint="--header")
    return name.strip(), value.strip()


def parse_params(text: str | None) -> dict[str, Any] | None:
    """The parameters. Raises BadParameter."""
    try:
        params = json.loads(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(f"is not JSON: {error}", param_hint="--params") from error
    if params is not None and not isinstance(params, dict):
        raise click.BadParameter('is not an object, such as {"limit": 10}', param_hint="--params")
    return params


def quiet(verbose: bool) -> None:
    """Leaves standard error to the report and to what the hook itself logs."""
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("ccproxy.pipeline").setLevel(logging.CRITICAL)
