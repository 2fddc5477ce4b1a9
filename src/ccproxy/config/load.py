"""Reading the configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ccproxy.config import paths
from ccproxy.config.errors import config_error
from ccproxy.config.file_layer import FileLayer
from ccproxy.config.found_logins import found_login
from ccproxy.config.layers import Places, merged
from ccproxy.config.schema import Config
from ccproxy.config.value_layers import ValueLayer, environment_layers, flag_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ccproxy.config.layers import Layer

TEXT_WANTED = frozenset({"string_type", "literal_error"})
"""Errors of pydantic that say that a key holds text."""


def load_config(
    flags: Mapping[str, object] | None = None,
    config_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The configuration in force: flag over environment over file over default, for every key by itself.

    `flags` has dotted keys (`{"inspector.port": 0}`), None for a flag that was not given; `config_dir` is the value
    of `--config`; `environ` is the environment, by default that of the process. A login that is found on this machine
    adds a provider (`find_logins`). Raises ConfigError with every problem there is, AuthConfigError if all of them
    concern credentials or the places of providers.
    """
    directory = paths.config_dir(config_dir)
    file = FileLayer(directory / paths.FILE_NAME)
    environ = os.environ if environ is None else environ
    layers: list[Layer] = [file, *environment_layers(environ, file.tree), *flag_layers(flags or {})]
    if login := found_login(merged(layers), environ):
        layers.append(login)
    places = Places(layers)
    sources = (directory / paths.FILE_NAME,) if file.exists else ()
    context = {"base_dir": directory, "sources": sources, "places": places}
    found = list(file.problems)
    try:
        config = _validated(layers, context)
    except ValidationError as error:
        from ccproxy.config.explain import problems  # only when something is wrong

        found += problems(error, places)
    else:
        if not found:
            return config
    raise config_error(found)


def _validated(layers: list[Layer], context: dict[str, Any]) -> Config:
    """Variables whose text reads as a number, but whose key wants text, are given a second chance in `layers`."""
    try:
        return Config.model_validate(merged(layers), context=context)
    except ValidationError as error:
        misread = _texts_taken_for_values(error, layers)
        if not misread:
            raise
        layers[:] = [misread.get(id(layer), layer) for layer in layers]
    return Config.model_validate(merged(layers), context=context)


def _texts_taken_for_values(error: ValidationError, layers: Sequence[Layer]) -> dict[int, Layer]:
    """By id, what to put in place of environment variables whose text reads as a number, but whose key wants text."""
    wanted = {details["loc"] for details in error.errors(include_url=False) if details["type"] in TEXT_WANTED}
    values = (layer for layer in layers if isinstance(layer, ValueLayer))
    return {id(layer): layer.as_text() for layer in values if layer.text is not None and layer.path in wanted}
