"""`ccproxy start`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("with ccproxy.yaml, or without one", "ccproxy start"),
    ("on another port, without the inspector", "ccproxy start --port 4100 --set inspector.enabled=false"),
    ("with another configuration", "ccproxy --config ~/second/ccproxy start"),
    ("an override by environment; nested keys take two underscores", "CCPROXY_INSPECTOR__PORT=9000 ccproxy start"),
]


@command("start", examples=EXAMPLES)
@click.option("--host", help="Address to listen on, and on no other.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.  [default: 4000]")
@click.option(
    "settings",
    "--set",
    metavar="KEY=VALUE",
    multiple=True,
    help="Any other key of ccproxy.yaml, dotted. May be repeated.",
)
@click.pass_obj
def start(session: Session, host: str | None, port: int | None, settings: tuple[str, ...]) -> int:
    """Run the daemon in the foreground.

    It tells where it listens, and stops on Ctrl-C or SIGTERM after letting streams finish. Flags beat environment
    variables (CCPROXY_…), these beat ccproxy.yaml.
    """
    flags: dict[str, object] = dict(parse_setting(setting) for setting in settings)
    flags |= {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    if session.verbose:
        flags.setdefault("log_level", "DEBUG")
    config = session.config(flags)
    from ccproxy.daemon import run

    return run(config)


def parse_setting(setting: str) -> tuple[str, object]:
    """`inspector.port=0` as (dotted key, value); the value is read as YAML, like an environment variable's."""
    import yaml

    key, equals, text = setting.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{setting!r} is not KEY=VALUE, such as inspector.port=9000", param_hint="--set")
    try:
        return key, yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise click.BadParameter(f"the value of {key} is not YAML: {error}", param_hint="--set") from error
