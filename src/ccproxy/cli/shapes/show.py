"""`ccproxy shapes show`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.cli.shapes.standing import Standing
    from ccproxy.shaping.shape import Shape
    from ccproxy.shaping.store import ShapeStore

EXAMPLES = [
    ("where it comes from, its fields in their order, its body", "ccproxy shapes show anthropic"),
    ("the names of its fields", "ccproxy shapes show anthropic --json | jq -r '.headers[][0]'"),
    ("the text that patches are about", "ccproxy shapes show anthropic --text > shape.json"),
    ("without its patches, which may not fit any more", "ccproxy shapes show anthropic --base"),
]


@command("show", examples=EXAMPLES)
@click.argument("name")
@click.option("--base", is_flag=True, help="Without its patches: what these are for.")
@click.option("as_text", "--text", is_flag=True, help="Print the virtual file shape.json, which patches change.")
@click.option("as_json", "--json", is_flag=True, help="Print one object.")
@click.pass_obj
def show_shape(session: Session, name: str, base: bool, as_text: bool, as_json: bool) -> None:
    """Show the shape of the profile NAME: what requests are put into, its patches applied.

    What is filled in as a request leaves stands in angle brackets.
    """
    if as_text and as_json:
        raise click.UsageError("--text and --json cannot be combined")
    from ccproxy.cli.shapes.standing import seen_by_daemon, standing_of
    from ccproxy.cli.shapes.stored import in_words, opened, profile_of
    from ccproxy.shaping.shape import ShapeError
    from ccproxy.shaping.virtual import to_text

    config = session.config()
    profile_of(config, name)
    store = opened(config)
    try:
        shape = base_of(store, name) if base else store.pick(name)
        if as_text:
            click.echo(to_text(shape), nl=False)
            return
    except ShapeError as error:
        raise in_words(error) from error
    standing = standing_of(config, store, name, seen_by_daemon(session))
    if base:
        standing = replace(standing, provenance=shape.provenance)
    if as_json:
        click.echo(json.dumps({**standing.as_json(), **as_value(shape)}, indent=2, ensure_ascii=False))
        return
    for line in lines(standing, shape):
        click.echo(line)


def base_of(store: ShapeStore, name: str) -> Shape:
    """What patches are for: the newest capture, or the packaged names. Raises CommandError, ShapeError."""
    found = store.base(name)
    if found is None:
        raise CommandError(f"there is no base of {name!r}")
    return found


def as_value(shape: Shape) -> dict[str, object]:
    """The envelope itself, as plain values."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in shape.headers]
    return {"method": shape.method, "url": shape.url, "headers": headers, "body": shape.body}


def lines(standing: Standing, shape: Shape) -> Iterator[str]:
    """The same for people."""
    from ccproxy.cli.shapes.own_ids import own_ids
    from ccproxy.cli.shapes.words import meant, meant_in, origin
    from ccproxy.cli.words import several, visible

    dim = {"dim": True}
    yield f"{click.style(standing.name, bold=True)}  {visible(origin(standing))}"
    if standing.provenance.ja4:
        yield click.style(f"JA4 {visible(standing.provenance.ja4)}", **dim)
    if standing.versions:
        yield click.style(f"{several(standing.versions, 'version')} kept", **dim)
    if standing.patches:
        yield click.style(f"patches: {visible(', '.join(standing.patches))}", **dim)
    used = ", ".join(standing.providers) or "no provider"
    yield click.style(f"used by: {visible(used)}", **dim)
    if standing.why:
        yield click.style(f"{standing.state}: {visible(standing.why)}; {visible(standing.fix)}", fg="yellow")
    yield ""
    yield click.style(visible(f"{shape.method} {shape.url}"), bold=True)
    for name, value in shape.headers:
        yield f"{click.style(visible(name.decode('latin-1')), fg='cyan')}: {visible(meant(value.decode('latin-1')))}"
    yield ""
    yield from map(visible, json.dumps(meant_in(shape.body), indent=2, ensure_ascii=False).splitlines())
    for place in own_ids(shape):
        yield click.style(f"{visible(place)} holds ids of your account or of this machine", fg="yellow")
