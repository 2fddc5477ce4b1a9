"""The parameters of a hook: what the configuration says, by the hook's own model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from inspect import getfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, Problem, dotted, nearest
from ccproxy.pipeline.blame import last_line, told
from ccproxy.pipeline.find import Find


def params_of(find: Find, config: Config) -> BaseModel | None:
    """An instance of the hook's model, or None for a hook that has none.

    Keys that the model does not know are wrong, unless it says by its `extra` what becomes of them. Raises ConfigError.
    """
    model, given = find.hook.params, find.entry.params
    if model is None:
        if given:
            path = (*find.path, "params")
            message = f"hook {find.hook.name} takes no params"
            raise ConfigError([Problem(*config.place(path), dotted(path), message, "remove them")])
        return None
    try:
        made, errors = _validated(model, given)
    except Exception as error:
        where = f" ({line})" if (line := last_line(error, Path(getfile(model)))) else ""
        message = f"the params of hook {find.hook.name} cannot be checked: {told(error)}{where}"
        raise ConfigError([Problem(*find.place, dotted(find.path), message)]) from error
    if made is None or errors:
        raise ConfigError(problem for error in errors for problem in _explained(error, model, find, config))
    return made


def _validated(model: type[BaseModel], given: Mapping[str, Any]) -> tuple[BaseModel | None, list[ValidationError]]:
    errors = list(_unknown(model, given))
    try:
        return model.model_validate(given), errors
    except ValidationError as error:
        return None, [error, *errors]


def _unknown(model: type[BaseModel], given: Mapping[str, Any]) -> Iterator[ValidationError]:
    """The keys that would have no effect. Pydantic knows which, but would apply the same to models in this one."""
    if "extra" in model.model_config:
        return
    try:
        model.model_validate(given, extra="forbid")
    except ValidationError as error:
        unknown = [
            InitErrorDetails(type=one["type"], loc=one["loc"], input=one["input"])
            for one in error.errors()
            if one["type"] == "extra_forbidden" and len(one["loc"]) == 1
        ]
        if unknown:
            yield ValidationError.from_exception_data(model.__name__, unknown)


def _explained(error: ValidationError, model: type[BaseModel], find: Find, config: Config) -> Iterator[Problem]:
    from ccproxy.config.explain import problems  # only when something is wrong

    found = problems(error, config.place, (*find.path, "params"))
    for problem, details in zip(found, error.errors(include_url=False), strict=True):
        hint = _guess(str(details["loc"][-1]), model) if details["type"] == "extra_forbidden" else problem.hint
        yield replace(problem, hint=hint) if find.listed else _of_unlisted(problem, find)


def _guess(key: str, model: type[BaseModel]) -> str:
    known = list(model.model_fields)
    return f"did you mean {guess}?" if (guess := nearest(key, known)) else f"known are {', '.join(known) or 'none'}"


def _of_unlisted(problem: Problem, find: Find) -> Problem:
    message = f"hook {find.hook.name}: {problem.key}: {problem.message}"
    return Problem(*find.place, "", message, f"list the hook under hooks.{find.stage} with its params")
