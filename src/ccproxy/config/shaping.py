"""`shaping`: the envelope of a captured client, put around a request."""

from __future__ import annotations

import os
import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from ccproxy.config.hooks import HookEntry
from ccproxy.config.section import Section
from ccproxy.config.values import FilePath, HeaderName, Regex, Text, wrong

STRATEGY = re.compile(r"replace|drop|(prepend_shape|append_shape)(:[0-9]+)?", re.ASCII)
TARGET_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "host")
FRAMING_HEADERS = ("content-length", "transfer-encoding", "connection")


def _strategy(value: str) -> str:
    if not STRATEGY.fullmatch(value):
        raise wrong("is not a merge strategy", "choose replace, drop, prepend_shape[:N] or append_shape[:N]")
    return value


def _from_environment(value: object) -> object:
    """`$VAR` and `${VAR}` are replaced; null if one of them is not set."""
    if not isinstance(value, str):
        return value
    expanded = os.path.expandvars(value)
    return None if re.search(r"\$\{\w+\}|\$\w+", expanded) else expanded


Expanded = Annotated[str | None, BeforeValidator(_from_environment)]


class Capture(Section):
    """`shaping.providers.<type>.capture`: which flows can become a shape."""

    path_pattern: Regex = re.compile("")


class Billing(Section):
    """`shaping.providers.anthropic.billing`; environment variables are expanded."""

    salt: Expanded = Field(default=None, repr=False)
    seed: Expanded = Field(default=None, repr=False)


class ShapeProfile(Section):
    """`shaping.providers.<type>`: how a captured envelope and a request become one."""

    content_fields: list[Text] = Field(default_factory=list)
    merge_strategies: dict[str, Annotated[str, AfterValidator(_strategy)]] = Field(default_factory=dict)
    shape_hooks: list[HookEntry] = Field(default_factory=list)
    preserve_headers: list[HeaderName] = Field(default_factory=lambda: [*TARGET_HEADERS])
    strip_headers: list[HeaderName] = Field(default_factory=lambda: [*TARGET_HEADERS, *FRAMING_HEADERS])
    capture: Capture = Field(default_factory=Capture)
    billing: Billing = Field(default_factory=Billing)


class Shaping(Section):
    """`shaping`."""

    retired_keys: ClassVar[dict[str, str]] = {"seeds_dir": "it is called shapes_dir now"}

    enabled: bool = True
    shapes_dir: FilePath | None = None
    """null means `shapes` beside the configuration file."""
    providers: dict[str, ShapeProfile] = Field(default_factory=dict)
