"""Reading the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from ccproxy.config import explain, layers, paths
from ccproxy.config.errors import ConfigError
from ccproxy.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ccproxy.config.layers import Layer


def load_config(
    flags: Mapping[str, object] | None = None,
    config_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The configuration in force: flag over environment over file over default, for every key by itself.

    `flags` has dotted keys (`{"inspector.port": 0}`), None for a flag that was not given; `config_dir` is the value
    of `--config`; `environ` is the environment, by default that of the process. Raises ConfigError with every
    problem there is.
    """
    directory = paths.config_dir(config_dir)
    file = layers.FileLayer(directory / paths.FILE_NAME)
    environment = layers.environment_layers(layers.current_environment() if environ is None else environ, file.tree)
    stack: list[Layer] = [file, *environment, *layers.flag_layers(flags or {})]
    problems = list(file.problems)
    try:
        config = _validated(stack, directory)
    except ValidationError as error:
        problems += explain.problems(error, stack)
    else:
        if not problems:
            return config.located(directory, (directory / paths.FILE_NAME,) if file.exists else ())
    raise ConfigError(problems)


def _validated(stack: list[Layer], directory: Path) -> Config:
    context = {"base_dir": directory}
    try:
        return Config.model_validate(layers.merged(stack), context=context)
    except ValidationError as error:
        misread = explain.texts_taken_for_values(error, stack)
        if not misread:
            raise
        stack[:] = [layer.as_text() if layer in misread else layer for layer in stack]
    return Config.model_validate(layers.merged(stack), context=context)
