"""The shapes of a configuration: where they are, which profiles there are, and that a daemon hears of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.config import Config
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.shaping.shape import ShapeError
    from ccproxy.shaping.store import ShapeStore


def shapes_dir(config: Config) -> Path:
    """The directory of the user's shapes; it need not exist."""
    return config.base_dir / (config.shaping.shapes_dir or "shapes")


def own_files(config: Config, name: str) -> list[Path]:
    """What the user has of a profile's shape: the file of captures, the patches, and the series that names them.

    Raises CommandError for what is no name of a profile.
    """
    if "/" in name or name in ("", ".", ".."):
        raise CommandError(f"{name!r} is no name of a profile")
    directory = shapes_dir(config)
    queue = directory / name
    found = (directory / f"{name}.mflow", *sorted(queue.glob("*.patch")), queue / "series")
    return [path for path in found if path.is_file()]


def packaged_dir() -> Path:
    """Where the shapes are that come with ccproxy: names without values."""
    import ccproxy.shaping

    return Path(ccproxy.shaping.__path__[0]) / "packaged"


def opened(config: Config) -> ShapeStore:
    """The shapes that a configuration has."""
    from ccproxy.shaping.store import ShapeStore

    return ShapeStore(shapes_dir(config), config.shaping.providers)


def profile_of(config: Config, name: str) -> ShapeProfile:
    """The profile of that name. Raises CommandError, with the name that was meant perhaps."""
    from ccproxy.config.errors import nearest

    known = config.shaping.providers
    if name in known:
        return known[name]
    guess = nearest(name, known)
    hint = f"did you mean {guess!r}?" if guess else f"there are {', '.join(known)}; ccproxy.yaml may have more"
    raise CommandError(f"there is no profile {name!r} in shaping.providers", hint)


def users_of(config: Config, name: str) -> list[str]:
    """The providers that name this profile as their shape."""
    return [each for each, provider in config.providers.items() if provider.shape == name]


def in_words(error: ShapeError) -> CommandError:
    """A shape that cannot be used, as the program tells it."""
    return CommandError(error.message, *filter(None, [error.fix]))


def announce(session: Session, config: Config, name: str) -> None:
    """Has a running daemon read the shapes again, and says whether requests are shaped by the new one now."""
    for line in (reloaded(session, name), unused(config, name)):
        if line:
            click.echo(line, err=True)


def reloaded(session: Session, name: str) -> str:
    """What became of a daemon's reading the shapes again."""
    from ccproxy.cli.control import NotRunningError, NotThereError

    try:
        errors = session.control().post("/shapes/reload", {})["errors"]
    except NotRunningError:
        return "no daemon is running; the next one will read it"
    except NotThereError:
        return "the running daemon is of a version without shapes: start it again"
    except CommandError as error:
        return f"the running daemon has not read it: {error.message}"
    if name in errors:
        return f"the running daemon cannot use it: {errors[name]}"
    return "the running daemon has read it"


def unused(config: Config, name: str) -> str:
    """That no provider asks for the shape, and how one would; nothing where one does."""
    if not config.shaping.enabled:
        return "shaping.enabled is false in the configuration: no request is shaped"
    if users_of(config, name):
        return ""
    return f"no provider is shaped by it yet: put `shape: {name}` into a provider in ccproxy.yaml"
