"""`ccproxy hooks new`."""

from __future__ import annotations

import ast
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Set
from importlib.machinery import PathFinder
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.config import Config

EXAMPLES = [
    ("a hook that caps the length of answers, to be made into what you need", "ccproxy hooks new shorter"),
    ("one that sees the request in the provider's format", "ccproxy hooks new house_rules --stage outbound"),
    ("one that watches answers as they stream", "ccproxy hooks new count_words --stage response"),
    ("then", "ccproxy hooks check && ccproxy hooks run shorter < request.json"),
]

STAGES = ("inbound", "outbound", "response")
SKELETONS = Path(__file__).with_name("skeletons")
PLACEHOLDER = "NAME"


@command("new", examples=EXAMPLES)
@click.argument("name")
@click.option("--stage", type=click.Choice(STAGES), default="inbound", show_default=True, help="Where it runs.")
@click.option("--force", is_flag=True, help="Overwrite files that are there; they stay as ….bak.")
@click.pass_obj
def new(session: Session, name: str, stage: str, force: bool) -> None:
    """Write a hook to start from, and its test.

    NAME becomes the function's name and the file's: hooks/NAME.py beside ccproxy.yaml, with hooks/test_NAME.py. Both
    work as they are. The daemon loads every hook in that directory.
    """
    skeletons = [(SKELETONS / f"{prefix}{stage}.txt").read_text() for prefix in ("", "test_")]
    check_name(name, taken_in(skeletons))
    directory = hooks_directory(session.config())
    paths = [directory / f"{prefix}{name}.py" for prefix in ("", "test_")]
    texts = {path: text.replace(PLACEHOLDER, name) for path, text in zip(paths, skeletons, strict=True)}
    there = [path for path in texts if path.exists(follow_symlinks=False)]
    if there and not force:
        raise CommandError(f"{there[0]} is there already", "--force overwrites it; another NAME leaves it alone")
    try:
        for each in (directory.parent, directory):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, text in texts.items():
            write(path, text)
    except OSError as error:
        raise CommandError(f"{error.filename or directory} cannot be written: {error.strerror}") from error
    tell(session, name, stage, paths)


def check_name(name: str, taken: Set[str]) -> None:
    """Raises BadParameter for a name that a hook of the user's directory cannot have."""
    why = next((why for is_so, why in OBJECTIONS if is_so(name)), None)
    if why is None and name in taken:
        why = "means something else in the file already"
    if why is not None:
        raise click.BadParameter(f"{name!r} {why}", param_hint="NAME")


def is_module(name: str) -> bool:
    """True for a module that can be imported from elsewhere: one beside its test would hide it."""
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if entry and Path(entry) != Path.cwd()])
    return (spec is not None and spec.loader is not None) or name in sys.stdlib_module_names


OBJECTIONS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (
        lambda name: not (name.isascii() and name.isidentifier()) or iskeyword(name),
        "cannot be a function's name: letters, digits and _ can, with no digit first",
    ),
    (lambda name: name.startswith(("_", "test_")) or name == "conftest", "would not be loaded from its file"),
    (is_module, "is the name of an installed module, which its test could not tell from it"),
)
"""What there is to say against a name, if it is so."""


def taken_in(sources: Iterable[str]) -> set[str]:
    """The names that code uses as variables, parameters, classes and so on, but for the placeholder."""
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return {name for node in nodes for name in names_of(node)} - {PLACEHOLDER}


def names_of(node: ast.AST) -> Iterator[str]:
    """The names in one node of a syntax tree."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(name=name):
            yield name
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            yield name


def hooks_directory(config: Config) -> Path:
    """The user's directory of hooks. Raises CommandError if there is to be none."""
    directory = config.hooks_path()
    if directory is None:
        raise CommandError("there is no directory for hooks (hooks.hooks_dir is null)", "set it in ccproxy.yaml")
    return directory


def write(path: Path, text: str) -> None:
    """Writes a file that its user alone can read, all or nothing; what was there stays as `….bak`. Raises OSError."""
    with tempfile.NamedTemporaryFile("w", prefix=f".{path.name}.", dir=path.parent, delete_on_close=False) as file:
        file.write(text)
        file.close()
        if path.exists():
            path.replace(path.with_name(f"{path.name}.bak"))
        Path(file.name).replace(path)


def tell(session: Session, name: str, stage: str, paths: list[Path]) -> None:
    """Says what was written, and what to do with it."""
    for path in paths:
        click.echo(f"{click.style('wrote', fg='green')} {path}")
    option = f" --config {session.directory}" if session.directory else ""
    data, kind = ("stream.txt", "a recorded answer") if stage == "response" else ("request.json", "a request")
    steps = (
        (f"$EDITOR {paths[0]}", "make it what you need"),
        (f"pytest {paths[1]}", "run its test"),
        (f"ccproxy{option} hooks run {name} < {data}", f"what it makes of {kind}"),
        (f"ccproxy{option} hooks check", "does it load, and when does it run"),
    )
    width = max(len(line) for line, _ in steps)
    click.echo("\nNext:")
    for line, purpose in steps:
        click.echo(f"  {line:<{width}}  {click.style(f'# {purpose}', dim=True)}")
