"""The parameters of a hook: what the configuration says, by the hook's own model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ValidationError

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, Problem, dotted, nearest
from ccproxy.pipeline.blame import last_line, told
from ccproxy.pipeline.find import Find


def params_of(find: Find, config: Config) -> BaseModel | None:
    """An instance of the hook's model, or None for a hook that has none.

    Keys that the model does not know are wrong, unless it says by its `extra` what becomes of them. Raises ConfigError.
    """
    model, given = find.hook.params, find.entry.params
    path = (*find.path, "params")
    if model is None:
        if given:
            message = f"hook {find.hook.name} takes no params"
            raise ConfigError([Problem(*config.place(path), dotted(path), message, "remove them")])
        return None
    try:
        return model.model_validate(given, extra=None if "extra" in model.model_config else "forbid")
    except ValidationError as error:
        raise ConfigError(_explained(error, model, find, config)) from error
    except Exception as error:
        where = f" ({line})" if (line := last_line(error)) else ""
        message = f"the params of hook {find.hook.name} cannot be checked: {told(error)}{where}"
        raise ConfigError([Problem(*find.place, dotted(find.path), message)]) from error


def _explained(error: ValidationError, model: type[BaseModel], find: Find, config: Config) -> Iterator[Problem]:
    from ccproxy.config.explain import problems  # only when something is wrong

    found = problems(error, config.place, (*find.path, "params"))
    for problem, details in zip(found, error.errors(include_url=False), strict=True):
        hint = _guess(str(details["loc"][0]), model) if details["type"] == "extra_forbidden" else problem.hint
        yield replace(problem, hint=hint) if find.listed else _of_unlisted(problem, find)


def _guess(key: str, model: type[BaseModel]) -> str:
    known = list(model.model_fields)
    return f"did you mean {guess}?" if (guess := nearest(key, known)) else f"known are {', '.join(known) or 'none'}"


def _of_unlisted(problem: Problem, find: Find) -> Problem:
    message = f"hook {find.hook.name}: {problem.key}: {problem.message}"
    return Problem(*find.place, "", message, f"list the hook under hooks.{find.stage} with its params")
