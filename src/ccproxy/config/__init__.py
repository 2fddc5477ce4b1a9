"""The configuration: what can be set, where it is read from, and what is wrong with it.

Names load when they are first used: the paths alone cost nothing, the schema costs pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.config.errors import ConfigError, Problem
    from ccproxy.config.load import load_config
    from ccproxy.config.paths import config_dir, control_socket, runtime_dir, state_dir
    from ccproxy.config.providers import Provider
    from ccproxy.config.schema import Config
    from ccproxy.config.transforms import Transform

__all__ = [
    "Config",
    "ConfigError",
    "Problem",
    "Provider",
    "Transform",
    "config_dir",
    "control_socket",
    "load_config",
    "runtime_dir",
    "state_dir",
]

_HOMES = {
    "Config": "schema",
    "ConfigError": "errors",
    "Problem": "errors",
    "Provider": "providers",
    "Transform": "transforms",
    "config_dir": "paths",
    "control_socket": "paths",
    "load_config": "load",
    "runtime_dir": "paths",
    "state_dir": "paths",
}


def __getattr__(name: str) -> object:
    """Import a public name from its module (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
