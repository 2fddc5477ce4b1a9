"""Which hooks there are: those that the configuration lists, the user's own, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ccproxy.config import Config
from ccproxy.config.errors import KeyPath, Place, Problem, dotted
from ccproxy.config.hooks import HookEntry
from ccproxy.config.pending import is_not_yet
from ccproxy.pipeline.entry_points import installed
from ccproxy.pipeline.find import Find
from ccproxy.pipeline.home import Home
from ccproxy.pipeline.hook import STAGES, Hook, Stage
from ccproxy.pipeline.references import BUILT_IN, NoHooks, hooks_by_name

ALWAYS = f"{BUILT_IN}.inject_auth"
"""Its hook is there whether it is listed or not: without a credential nothing reaches a provider."""
CODE_ASSIST, SHAPE, CODEX = f"{BUILT_IN}.gemini_cli", f"{BUILT_IN}.shape", f"{BUILT_IN}.codex"
"""Hooks that are there where a provider needs them, and then whether they are listed or not. They are late, and each
works on what the one before it made, so this is their order, however they are listed."""
PERPLEXITY = ("extract_pplx_files", "pplx_thread_inject", "pplx_stamp_headers", "pplx_preflight")
"""Those that a provider of this type needs."""
AT_NEED = frozenset({"gemini_cli", "shape", "codex", *PERPLEXITY})
"""Their names, which a client may switch off where they are not there, too."""


def find_hooks(config: Config) -> tuple[list[Find], list[Problem]]:
    """All hooks, which loads them, and what was wrong with those that could not be had.

    They stand in the order that breaks ties: as the configuration lists them, those of the directory by file, those of
    entry points by name. One that is listed and found again is there once, as it is listed.
    """
    directory = config.hooks_path()
    home = Home(directory) if directory is not None else None
    results = [*(home.problems if home else ()), *_listed(config, home)]
    results += home.hooks() if home else ()
    results += installed() if config.hooks.entry_points else ()
    finds = [result for result in results if isinstance(result, Find)]
    return in_turn(_without_repetitions(finds)), [result for result in results if isinstance(result, Problem)]


def in_turn(finds: Iterable[Find]) -> list[Find]:
    """The hooks in their order, but for those that are there at need: they have one of their own."""
    turns = {CODE_ASSIST: 1, SHAPE: 2, CODEX: 3}
    return sorted(finds, key=lambda find: turns.get(find.hook.module, 0))


def _without_repetitions(finds: list[Find]) -> Iterator[Find]:
    seen = {id(find.hook) for find in finds if find.listed}
    for find in finds:
        if find.listed or id(find.hook) not in seen:
            yield find
        seen.add(id(find.hook))


def _listed(config: Config, home: Home | None) -> Iterator[Find | Problem]:
    hooks = config.hooks
    listed = {entry.hook.partition(":")[0] for stage in STAGES for entry in hooks.listed(stage)}
    for name in _needed(config):
        if name not in listed:
            yield from _of_entry(HookEntry(hook=name), home, config.place(("hooks",)))
    for stage in STAGES:
        for index, entry in enumerate(hooks.listed(stage)):
            path = ("hooks", stage, index)
            if stage not in hooks.model_fields_set:
                yield from _of_entry(entry, home, config.place(path), "default")
            elif not is_not_yet(entry.hook):
                yield from _of_entry(entry, home, config.place(path), dotted(path), path, stage)


def _needed(config: Config) -> Iterator[str]:
    """What is there in any case, in the order in which it runs where nothing else decides."""
    yield ALWAYS
    providers = config.providers.values()
    if any(provider.is_code_assist for provider in providers):
        yield CODE_ASSIST
    if config.shaping.enabled and any(provider.shape for provider in providers):
        yield SHAPE
    if any(provider.is_codex for provider in providers):
        yield CODEX
    if any(provider.type == "perplexity_pro" for provider in providers):
        yield from (f"{BUILT_IN}.{name}" for name in PERPLEXITY)


def _of_entry(
    entry: HookEntry,
    home: Home | None,
    place: Place,
    source: str = "built in",
    path: KeyPath = (),
    stage: Stage | None = None,
) -> Iterator[Find | Problem]:
    try:
        hooks = _named(entry, home)
    except NoHooks as error:
        yield Problem(*place, dotted(path), str(error), error.hint)
    else:
        yield from (Find(hook, place, source, entry, path, stage) for hook in hooks)


def _named(entry: HookEntry, home: Home | None) -> list[Hook]:
    """What an entry means: something in the user's directory, else in an importable module. Raises NoHooks."""
    module, _, function = entry.hook.partition(":")
    at_home = home is not None and home.holds(module) and not module.startswith(f"{BUILT_IN}.")
    hooks = home.named(module, function) if home and at_home else hooks_by_name(module, function, module)
    if entry.params and len(hooks) > 1:
        names = ", ".join(hook.name for hook in hooks)
        message = f"params are for one hook, and module {module!r} defines {names}"
        raise NoHooks(message, f"write for example hook: {module}:{hooks[0].name}")
    return hooks
