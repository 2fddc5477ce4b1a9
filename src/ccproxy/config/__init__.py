"""The configuration: what can be set, where it is read from, and what is wrong with it.

The names are imported at their first use, because the commands that only look for paths need no schema.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccproxy.config.errors import AuthConfigError, ConfigError, Problem
    from ccproxy.config.load import load_config
    from ccproxy.config.paths import config_dir, control_socket, runtime_dir, state_dir
    from ccproxy.config.providers import Provider
    from ccproxy.config.schema import Config
    from ccproxy.config.template import write_template
    from ccproxy.config.transforms import Transform

__all__ = [
    "AuthConfigError",
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
    "write_template",
]

_MODULES = {
    "AuthConfigError": "errors",
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
    "write_template": "template",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
