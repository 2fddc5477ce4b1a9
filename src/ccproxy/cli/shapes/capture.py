"""`ccproxy shapes capture`: the envelope of the user's own client, taken where nothing leaves the machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.cli.shapes.sealed.keeper import Errand
    from ccproxy.config import Config
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.exchange import Exchange
    from ccproxy.shaping.shape import Shape

EXAMPLES = [
    (
        "the envelope of Claude Code, with the login or key that it has",
        "ccproxy shapes capture anthropic -- claude -p hi",
    ),
    ("of Gemini CLI", "ccproxy shapes capture gemini -- gemini -p hi"),
    ("of Codex", "ccproxy shapes capture openai_responses -- codex exec --skip-git-repo-check hi"),
]
SECONDS = 60.0
MISSING = 127
"""Exit status where the command is not there (POSIX.1-2024, Shell Command Language 2.8.2)."""
SILENT = (
    "it sent no request at all",
    "where its settings name a base URL of this machine, nobody is there: take that out for the capture",
)
EXPIRED = "/token"
"""How paths end at which a login is refreshed."""


@command(
    "capture",
    examples=EXAMPLES,
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
)
@click.option(
    "--timeout",
    "seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=1.0, max=3600.0),
    default=SECONDS,
    help="How long the client may run. Default: 60.",
)
@click.argument("profile")
@click.argument("line", metavar="COMMAND [ARGS]...", nargs=-1, type=click.UNPROCESSED, required=True)
@click.pass_obj
def capture(session: Session, profile: str, line: tuple[str, ...], seconds: float) -> None:
    """Run a client, sealed off, and keep what it sends as the shape of a profile.

    COMMAND runs with your home and your login, in a place whose only network is its own loopback: a simulated provider
    answers it, and not one packet leaves this machine. Of the last call that the profile is for, the envelope is kept:
    header fields, query, members of the body. Neither credentials nor what was said are kept.
    """
    from ccproxy.cli.shapes.stored import profile_of

    config = session.config()
    chosen = profile_of(config, profile)
    line = line[1:] if line[0] == "--" else line
    if not line:
        raise click.UsageError("which command? For example: ccproxy shapes capture anthropic -- claude -p hi")
    program = program_of(line)
    require_place(config, profile)
    ex = last_call(errand(config, line, seconds), chosen)
    shape = shape_from(ex, profile, chosen, program)
    keep(session, config, shape, ex)


def program_of(line: tuple[str, ...]) -> Path:
    """The file that will be run, links resolved. Raises CommandError."""
    if sys.platform != "linux":
        raise CommandError("a capture needs network namespaces, which only Linux has")
    found = shutil.which(line[0])
    if found is None:
        error = CommandError(f"{line[0]}: command not found")
        error.exit_code = MISSING  # type: ignore[misc]  # click declares it for the class, and reads it here
        raise error
    return Path(found).resolve()


def require_place(config: Config, name: str) -> None:
    """Raises CommandError where the shape could not be kept, before a client is run for it."""
    from ccproxy.cli.shapes.stored import in_words, opened
    from ccproxy.shaping.shape import ShapeError

    try:
        opened(config).require_writable(name)
    except ShapeError as error:
        raise in_words(error) from error


def errand(config: Config, line: tuple[str, ...], seconds: float) -> Errand:
    """What is to be run in the sealed place."""
    import os

    from ccproxy.cli.shapes.sealed.client import leading_here
    from ccproxy.cli.shapes.sealed.keeper import Errand
    from ccproxy.config.paths import state_dir

    given = dict(os.environ)
    if names := leading_here(given):
        click.echo(f"ccproxy: not set inside, where this machine is out of reach: {', '.join(names)}", err=True)
    environment = {name: value for name, value in given.items() if name not in names}
    return Errand(line, environment, seconds, (state_dir(),))


def last_call(errand: Errand, profile: ShapeProfile) -> Exchange:
    """Runs the client. Gives the last call that the profile is for; raises CommandError if there is none."""
    from ccproxy.cli.jailed.run import JailFailed
    from ccproxy.cli.shapes.sealed.client import running
    from ccproxy.cli.shapes.sealed.sent import http_flows, last_match
    from ccproxy.jail.errors import JailError

    sys.stdout.flush()
    sys.stderr.flush()
    try:
        with running(errand) as (daemon, in_time):
            flows = http_flows(daemon.control)
            found, unfit = last_match(daemon.control, flows, profile)
    except JailError as error:
        raise JailFailed(error) from error
    if found is None:
        raise nothing_sent(errand, flows, unfit, in_time)
    return found


def nothing_sent(errand: Errand, flows: list[dict[str, object]], unfit: dict[str, str], in_time: bool) -> CommandError:
    """Why there is no shape, as far as what was sent tells it."""
    from ccproxy.cli.shapes.sealed.sent import listed

    program = errand.line[0]
    ended = "ended" if in_time else f"was ended after {errand.seconds:g} s (--timeout)"
    details = ["what it sent:", *listed(flows, unfit)] if flows else [*SILENT]
    if any(str(flow["path"]).partition("?")[0].endswith(EXPIRED) for flow in flows):
        details.append(f"it wanted to refresh its login: run {program} once without ccproxy, then capture")
    return CommandError(f"{program} {ended} without a call that the profile is for", *details)


def shape_from(ex: Exchange, name: str, profile: ShapeProfile, program: Path) -> Shape:
    """The shape of a call. Raises CommandError."""
    from ccproxy.shaping.capture import NotAShape, provenance_of, shape_of
    from ccproxy.shaping.staleness import installed_version

    provenance = provenance_of(ex, "capture", str(program), installed_version(program))
    try:
        return shape_of(ex, name, profile, provenance)
    except NotAShape as error:
        raise CommandError(f"the call cannot become a shape: {error.reason}") from error


def keep(session: Session, config: Config, shape: Shape, ex: Exchange) -> None:
    """Saves the shape, and says what there is now."""
    from ccproxy.cli.shapes.stored import announce, in_words, opened
    from ccproxy.shaping.capture import fingerprint_of
    from ccproxy.shaping.shape import ShapeError

    try:
        path = opened(config).save(shape, fingerprint_of(ex))
    except ShapeError as error:
        raise in_words(error) from error
    except OSError as error:
        raise CommandError(f"the shape cannot be written: {error}", "see shaping.shapes_dir") from error
    known = shape.provenance
    client = " ".join(filter(None, [known.client, known.version])) or "a client without a name"
    click.echo(f"kept: {shape.profile}, as {client} calls {shape.path}, {len(shape.headers)} header fields")
    click.echo(f"  {path}")
    announce(session, config, shape.profile)
