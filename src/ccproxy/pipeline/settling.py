"""From hooks that were found to the steps of a pipeline, once everything about them is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ccproxy.config import Config
from ccproxy.config.errors import ConfigError, Problem, dotted, nearest
from ccproxy.config.pending import NOT_YET
from ccproxy.pipeline.directory import digests, renewed
from ccproxy.pipeline.find import Find
from ccproxy.pipeline.finding import ALWAYS, find_hooks
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.params import params_of
from ccproxy.pipeline.references import BUILT_IN, built_in


@dataclass(frozen=True, slots=True)
class Found:
    """The hooks that a configuration means."""

    steps: list[Step]
    """In the order that breaks ties."""
    warnings: list[str]
    """What the user should know about them, a line each."""
    digests: dict[str, str]
    """What the modules of the user's directory were made from, by their names there."""


def find_steps(config: Config) -> Found:
    """Loads the hooks of a configuration, those of the user's directory anew.

    Raises ConfigError with everything that is wrong; of the user's directory is then loaded what was loaded before.
    """
    with renewed():
        finds, problems = find_hooks(config)
        if not problems:  # else a name may be unknown because its hook could not be loaded
            problems += _unknown(config, [find.hook.name for find in finds])
        problems += _of_the_guard(config, finds)
        running = [find for find in finds if find.hook.name not in config.hooks.disabled]
        problems += _twice(running)
        steps = list(_steps(running, config, problems))
        if problems:
            raise ConfigError(dict.fromkeys(problems))
        return Found(steps, list(_warnings(running)), digests())


def _steps(finds: Sequence[Find], config: Config, problems: list[Problem]) -> Iterator[Step]:
    for find in finds:
        try:
            params = params_of(find, config)
        except ConfigError as error:
            problems += error.problems
        else:
            hook, entry = find.hook, find.entry
            overridable = hook.overridable if entry.overridable is None else entry.overridable
            yield Step(hook, find.stage, params, entry.on_error or hook.on_error, overridable, find.source)


def _unknown(config: Config, names: Sequence[str]) -> Iterator[Problem]:
    """Names in `disabled` that no hook has."""
    known = {*names, *built_in(), *NOT_YET}
    for index, name in enumerate(config.hooks.disabled):
        if name not in known:
            path = ("hooks", "disabled", index)
            hint = f"did you mean {guess}?" if (guess := nearest(name, known)) else f"there are {', '.join(names)}"
            yield Problem(*config.place(path), dotted(path), f"there is no hook {name!r}", hint)


def _of_the_guard(config: Config, finds: Sequence[Find]) -> Iterator[Problem]:
    """What would let a request pass the hook that guards the credentials."""
    for find in finds:
        if find.hook.module == ALWAYS:
            name, entry = find.hook.name, find.entry
            wrong = {"overridable": entry.overridable is True, "on_error": entry.on_error == "continue"}
            for key in (key for key, is_wrong in wrong.items() if is_wrong):
                yield _kept(config, (*find.path, key), f"nothing goes to a provider without {name}", "remove this line")
            for index in (index for index, other in enumerate(config.hooks.disabled) if other == name):
                yield _kept(config, ("hooks", "disabled", index), f"{name} cannot be disabled", "remove it")


def _kept(config: Config, path: tuple[str | int, ...], message: str, hint: str) -> Problem:
    return Problem(*config.place(path), dotted(path), message, hint)


def _twice(finds: Sequence[Find]) -> Iterator[Problem]:
    """Hooks that are listed twice, and different ones of the same name."""
    first: dict[str, Find] = {}
    for find in finds:
        other = first.setdefault(find.hook.name, find)
        if other.hook is not find.hook:
            is_ours = other.hook.module.startswith(f"{BUILT_IN}.")
            whose = "a built-in hook" if is_ours else f"the hook of {other.source} ({other.place})"
            message = f"the name {find.hook.name!r} is taken by {whose}"
            yield Problem(*find.place, dotted(find.path), message, "give the function another name")
        elif other is not find:
            message = f"hook {find.hook.name} is listed twice, first as {other.source}"
            yield Problem(*find.place, dotted(find.path), message, "keep one of the two")


def _warnings(finds: Sequence[Find]) -> Iterator[str]:
    for find in finds:
        if find.listed not in (None, find.stage):
            what = f"{find.place}: {dotted(find.path)}"
            yield f"{what}: {find.hook.name} runs in the {find.stage} stage: list it under hooks.{find.stage}"
