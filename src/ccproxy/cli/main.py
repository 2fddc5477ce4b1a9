"""The program: global options, the table of commands, and what becomes of errors."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import click

from ccproxy import __version__
from ccproxy.cli.grammar import INCOMPLETE, CommandError, Entry, LazyGroup
from ccproxy.cli.session import Session

ENTRIES = {
    "demo": Entry("ccproxy.cli.demo.command:demo", "See it work: a private daemon, a simulated provider, a few turns."),
    "init": Entry("ccproxy.cli.init:init", "Write a commented ccproxy.yaml to start from."),
    "start": Entry("ccproxy.cli.start:start", "Run the daemon in the foreground."),
    "run": Entry("ccproxy.cli.run:run", "Run a command with its LLM traffic going through the daemon."),
    "status": Entry("ccproxy.cli.status:status", "Show what is running, and where."),
    "auth": Entry("ccproxy.cli.auth.group:auth", "See how the providers' credentials stand, and get them anew."),
    "pplx": Entry("ccproxy.cli.pplx.group:pplx", "See the threads and the quota of a Perplexity account."),
    "flows": Entry("ccproxy.cli.flows.group:flows", "See the exchanges that the daemon recorded."),
    "usage": Entry("ccproxy.cli.usage:usage", "Sum up tokens and costs by model, day, session and more."),
    "namespace": Entry(
        "ccproxy.cli.namespace.group:namespace", "Look at the capture jail: what it needs, what runs, its captures."
    ),
    "hooks": Entry("ccproxy.cli.hooks.group:hooks", "See, check, try and write hooks."),
    "fingerprints": Entry(
        "ccproxy.cli.fingerprints:fingerprints", "See what the TLS of clients looks like, and keep it for a provider."
    ),
    "shapes": Entry(
        "ccproxy.cli.shapes.group:shapes", "Keep the envelope of a client, for providers that ask for one."
    ),
    "lightllm": Entry("ccproxy.cli.lightllm:lightllm", "Convert between the APIs' formats, for bug reports."),
    "logs": Entry("ccproxy.cli.logs:logs", "Print or follow the daemon's log."),
}

EXAMPLES = [
    ("see it work, without any account", "ccproxy demo"),
    ("write a configuration, start the daemon", "ccproxy init && ccproxy start"),
    (
        "in a second terminal: Claude Code with the credential of the provider 'anthropic'",
        "ccproxy run --provider anthropic -- claude",
    ),
    ("what went through", "ccproxy flows list"),
]


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors of a write that has no room."""


BROKEN_PIPE = 141
"""As shells tell of programs that died of SIGPIPE, which is what others do whose reader went away (`| head`)."""


class Program(LazyGroup):
    """The outermost group: here every error becomes a sentence."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises only click's own exceptions, or anything at all under --verbose."""
        try:
            done = super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if is_full(error):
                raise
            if isinstance(ctx.obj, Session) and ctx.obj.verbose:
                raise
            raise in_words(error) from error
        if ctx.meta.get(INCOMPLETE):
            raise click.exceptions.Exit(1)
        return done


def in_words(error: Exception) -> CommandError:
    """The error as a person should read it."""
    config = sys.modules.get("ccproxy.config")  # if it is not loaded, the error cannot be its
    if config is not None and isinstance(error, config.ConfigError):
        return CommandError("the configuration is not valid", *str(error).splitlines())
    what = f"{type(error).__name__}: {error}"
    return CommandError(f"internal error: {what}", "`ccproxy -v` with the same command shows where")


@click.group(
    name="ccproxy",
    cls=Program,
    entries=ENTRIES,
    examples=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of ccproxy.yaml. Default: $CCPROXY_CONFIG_DIR, $XDG_CONFIG_HOME/ccproxy, ~/.config/ccproxy.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell more: log level DEBUG for start, tracebacks for the others.")
@click.version_option(__version__, prog_name="ccproxy", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, directory: Path | None, verbose: bool) -> None:
    """One local daemon through which any LLM client's traffic can pass, be seen, be changed and be accounted for."""
    ctx.obj = Session(directory, verbose)


def main(args: list[str] | None = None) -> int:
    """Run the program. Returns its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 nobody reads."""
    stdout = sys.stdout
    try:
        status = cli.main(args, prog_name="ccproxy", standalone_mode=False, color=color_wanted())
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # click's name for Ctrl-C
        return 130
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not was_broken_pipe(error, stdout):
            raise
        abandon_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if not is_full(error):
            raise
        CommandError(f"not all of it could be written: {error.strerror}").show()
        abandon_stdout()
        return 1
    return status if isinstance(status, int) else 0


def was_broken_pipe(end: SystemExit, stdout: object) -> bool:
    """Whether click or rich made this of a broken pipe: the one replaces `sys.stdout` then, the other has a context."""
    return sys.stdout is not stdout or isinstance(end.__context__, BrokenPipeError)


def is_full(error: Exception) -> bool:
    """Whether the file that is standard output can take no more."""
    return isinstance(error, OSError) and error.errno in FULL and not error.filename


def color_wanted() -> bool | None:
    """False where colour is refused (https://no-color.org), else None: click decides by the stream."""
    refused = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if refused else None


def abandon_stdout() -> None:
    """The reader of a pipe went away (`| head`), or the disk is full: keep the interpreter from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
