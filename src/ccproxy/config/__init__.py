"""The configuration: what can be set, where it is read from, and what is wrong with it."""

from __future__ import annotations

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
