"""`ccproxy shapes diff`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import visible

if TYPE_CHECKING:
    from ccproxy.shaping.shape import Shape
    from ccproxy.shaping.store import ShapeStore

EXAMPLES = [
    ("what the patches change", "ccproxy shapes diff anthropic"),
    ("what is new since the oldest version that is kept", "ccproxy shapes diff anthropic 1"),
]


@command("diff", examples=EXAMPLES)
@click.argument("name")
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option("as_json", "--json", is_flag=True, help="Print one object, with the diff as text.")
@click.pass_obj
def diff(session: Session, name: str, version: int | None, as_json: bool) -> None:
    """Compare the shape of the profile NAME, as it is used, with its base: the capture or packaged names it began with.

    VERSION is another capture in its file, 1 the oldest. Where the patches cannot be used, the newest capture is
    compared with that. The text that is compared is that of `show --text`.
    """
    from ccproxy.cli.flows.diff.unified import unified_lines
    from ccproxy.cli.shapes.stored import in_words, opened, profile_of
    from ccproxy.shaping.shape import ShapeError
    from ccproxy.shaping.virtual import to_text

    config = session.config()
    profile_of(config, name)
    store = opened(config)
    try:
        mine, used = compared_side(store, name, version)
        title, other = compared(store, name, version)
        old, new = to_text(other).splitlines(), to_text(used).splitlines()
    except ShapeError as error:
        raise in_words(error) from error
    found = list(unified_lines(old, new, f"{name}/{title}", f"{name}/{mine}"))
    if as_json:
        plain = "".join(f"{click.unstyle(line)}\n" for line in found)
        click.echo(json.dumps({"name": name, "with": title, "same": not found, "diff": plain}, indent=2))
        return
    for line in found:
        click.echo(line)
    if not found:
        click.echo(f"the same as {title}{more(store, name, version)}", err=True)


def compared_side(store: ShapeStore, name: str, version: int | None) -> tuple[str, Shape]:
    """What is compared, and what it is called: where patches cannot be used, a version is compared with the base."""
    from ccproxy.shaping.shape import NoShapeYet, ShapeError

    try:
        return "used", store.pick(name)
    except NoShapeYet:
        raise
    except ShapeError as error:
        base = store.base(name) if version is not None else None
        if base is None:
            raise
        click.echo(visible(f"without the patches, which cannot be used: {error.message}"), err=True)
        return "base", base


def compared(store: ShapeStore, name: str, version: int | None) -> tuple[str, Shape]:
    """What to compare with, and what it is called. Raises CommandError, ShapeError."""
    if version is None:
        base = store.base(name)
        if base is None:
            raise CommandError(f"there is no base of {name!r}")
        return "base", base
    kept = store.versions(name)
    if version > len(kept):
        told = f"there are {len(kept)}, 1 the oldest" if kept else "nothing was captured for it"
        raise CommandError(f"{name!r} has no version {version}", told)
    return f"version-{version}", kept[version - 1]


def more(store: ShapeStore, name: str, version: int | None) -> str:
    """That there are others to compare with."""
    count = len(store.versions(name)) if version is None else 0
    return f"; it has {count} versions: `ccproxy shapes diff {name} 1` compares with the oldest" if count > 1 else ""
