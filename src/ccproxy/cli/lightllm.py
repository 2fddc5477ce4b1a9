"""`ccproxy lightllm`."""

from __future__ import annotations

import sys
from typing import BinaryIO, get_args

import click

from ccproxy.cli.grammar import CommandError, Entry, LazyGroup, command

CONVERT_EXAMPLES = [
    (
        "what a Claude Code request becomes for an OpenAI-type provider",
        "ccproxy lightllm convert anthropic openai request.json",
    ),
    ("a recorded stream as a Gemini client gets it", "ccproxy lightllm convert openai gemini < stream.txt"),
    ("a stream as one answer", "ccproxy lightllm convert --no-stream anthropic anthropic < stream.txt"),
    (
        "what Perplexity is asked by a request for another model",
        "ccproxy lightllm convert --model perplexity/best anthropic perplexity_pro request.json",
    ),
]

ENTRIES = {
    "convert": Entry("ccproxy.cli.lightllm:convert_message", "Convert a message from one API's format to another's.")
}

KINDS = ["request", "answer", "stream", "error"]
FORMATS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "chat": "openai",
    "openai_responses": "openai_responses",
    "responses": "openai_responses",
    "gemini": "gemini",
    "perplexity_pro": "perplexity_pro",
}


@click.group("lightllm", cls=LazyGroup, entries=ENTRIES, examples=CONVERT_EXAMPLES[:1])
def lightllm() -> None:
    """Use the wire layer by itself, without a daemon."""


@command("convert", examples=CONVERT_EXAMPLES)
@click.argument("source", metavar="FROM", type=click.Choice(list(FORMATS)))
@click.argument("target", metavar="TO", type=click.Choice(list(FORMATS)))
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--kind", type=click.Choice(["request", "answer", "stream", "error"]), help="What FILE is, if it does not tell."
)
@click.option("--model", metavar="NAME", help="Ask for this model. Default: the one in FILE.")
@click.option("--stream/--no-stream", default=None, help="Write a stream, or one answer. Default: as it came.")
def convert_message(
    source: str, target: str, file: BinaryIO, kind: str | None, model: str | None, stream: bool | None
) -> None:
    """Convert a request, an answer, a stream or an error from one API's format to another's.

    FROM and TO are anthropic, openai (or chat), openai_responses (or responses), gemini, perplexity_pro; only requests
    go to the last. FILE is standard input if it is left out or `-`. What the target cannot carry is named on standard
    error. The exit status is 1 where FILE cannot be converted, or where an answer in it ends in an error.
    """
    from ccproxy.exchange import WireFormat
    from ccproxy.lightllm.convert import InvalidCall, Kind, Malformed, convert

    wanted: Kind | None = next((k for k in get_args(Kind.__value__) if k == kind), None)
    try:
        result = convert(file.read(), WireFormat(FORMATS[source]), WireFormat(FORMATS[target]), wanted, stream, model)
    except (InvalidCall, Malformed) as error:
        raise CommandError(f"{file.name}: {error}", f"FROM was {source}; see docs/formats.md") from error
    sys.stdout.buffer.write(result.data)
    sys.stdout.buffer.flush()
    if result.drops:
        click.echo(f"left out: {result.drops.header()}", err=True)
    if result.error is not None:
        raise CommandError(f"the {result.kind} ends in an error: {result.error}")
