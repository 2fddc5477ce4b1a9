"""The jq filters of the configuration, found without the schema where there are none: reading that takes long."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import click

from ccproxy.cli.session import Session

SET = re.compile(
    r"""^[^#\n]*default_jq_filters["']?[ \t]*:(?![ \t]*(?:\[[ \t]*\]|null|~)[ \t]*(?:\#.*)?$)""", re.MULTILINE
)
"""A line that gives the key a value other than none."""
VARIABLE = "CCPROXY_FLOWS"


def default_filters(session: Session) -> Sequence[str]:
    """`flows.default_jq_filters`. Where the configuration is not valid they are not known: says so, and gives none."""
    if not may_be_set(session):
        return ()
    from ccproxy.config import ConfigError

    try:
        return session.config().flows.default_jq_filters
    except ConfigError:
        click.echo("without default_jq_filters: the configuration is not valid (`ccproxy status` says why)", err=True)
        return ()


def may_be_set(session: Session) -> bool:
    """Whether the configuration file or the environment may give the key a value."""
    from ccproxy.config.paths import FILE_NAME

    if any(name.upper().startswith(VARIABLE) for name in os.environ):
        return True
    try:
        text = (session.config_dir() / FILE_NAME).read_text(errors="replace")
    except OSError:
        return False
    return SET.search(text) is not None
