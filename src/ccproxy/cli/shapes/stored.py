"""The shapes of a configuration: where they are, which profiles there are, and that a daemon hears of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import INCOMPLETE, CommandError
from ccproxy.cli.session import Session
from ccproxy.cli.words import visible

if TYPE_CHECKING:
    from ccproxy.config import Config
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.shaping.shape import ShapeError
    from ccproxy.shaping.store import ShapeStore


LONGEST = 64
"""Characters of a name that are told."""

OUTSIDE = (
    "this is a jail: the daemon outside is not told, and goes on with what it has; start it again there, "
    "or run this outside"
)


def shapes_dir(config: Config) -> Path:
    """The directory of the user's shapes; it need not exist."""
    return config.base_dir / (config.shaping.shapes_dir or "shapes")


def own_files(config: Config, name: str) -> list[Path]:
    """What the user has of a profile's shape: the file of captures, the patches, and the series that names them.

    Raises CommandError for what is no name of a profile.
    """
    from ccproxy.config.shaping import PROFILE_NAME

    if not PROFILE_NAME.fullmatch(name):
        allowed = "letters, digits, '-', '_' and '.', at most 64, the first a letter or digit"
        raise CommandError(f"{shortened(name)} is no name of a profile", allowed)
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
    raise CommandError(f"there is no profile {shortened(name)} in shaping.providers", hint)


def shortened(name: str) -> str:
    """A name that somebody wrote, in quotes: one that is too long with its beginning only."""
    return repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}…")


def users_of(config: Config, name: str) -> list[str]:
    """The providers that name this profile as their shape."""
    return [each for each, provider in config.providers.items() if provider.shape == name]


def in_words(error: ShapeError) -> CommandError:
    """A shape that cannot be used, as the program tells it."""
    return CommandError(error.message, *filter(None, [error.fix]))


def announce(session: Session, config: Config, name: str) -> None:
    """Has a running daemon read the shapes again, and says whether requests are shaped by the new one now.

    A shape that cannot be used for its patches makes the program end with status 1.
    """
    click.echo(visible(reloaded(session, config, name)), err=True)
    if told := unused(config, name):
        click.echo(told, err=True)
    if not_usable := patches_unfit(config, name):
        click.echo(f"{click.style('but it cannot be used:', fg='yellow')} {visible(not_usable)}", err=True)
        click.echo(f"  `ccproxy shapes remove {name} --patches` takes the patches away", err=True)
        if (context := click.get_current_context(silent=True)) is not None:
            context.meta[INCOMPLETE] = True


def patches_unfit(config: Config, name: str) -> str:
    """Why the patches of a profile do not fit its captures, which may be newer; empty where they do."""
    from ccproxy.shaping.shape import ShapeError

    if len(own_files(config, name)) < 2:
        return ""
    try:
        opened(config).pick(name)
    except ShapeError as error:
        return error.message
    return ""


def reloaded(session: Session, config: Config, name: str, *, gone: bool = False) -> str:
    """What became of a daemon's reading the shapes again, after one was saved, or something of it is `gone`."""
    from ccproxy.cli.control import NotRunningError, NotThereError
    from ccproxy.config.paths import inside_jail

    try:
        errors = session.control().post("/shapes/reload", {})["errors"]
    except NotRunningError:
        return OUTSIDE if inside_jail() else "no daemon is running; the next one will know"
    except NotThereError:
        return "the running daemon is of a version without shapes: start it again"
    except CommandError as error:
        return f"the running daemon does not know: {error.message}"
    users = ", ".join(users_of(config, name))
    if name in errors:
        return f"the running daemon cannot shape requests to {users or 'its providers'} now: {errors[name]}"
    if not users or not config.shaping.enabled:
        return "no request was shaped by it" if gone else "the running daemon has read it"
    return f"requests to {users} are shaped {'without the patches' if gone else 'by it'} now"


def unused(config: Config, name: str) -> str:
    """That no provider asks for the shape, and how one would; nothing where one does."""
    if not config.shaping.enabled:
        return "shaping.enabled is false in the configuration: no request is shaped"
    if users_of(config, name):
        return ""
    return f"no provider is shaped by it yet: put `shape: {name}` into a provider in ccproxy.yaml"
