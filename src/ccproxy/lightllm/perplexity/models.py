"""The models of the web application: what clients call them, and what the application does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

LONGEST = 100
"""Characters of a name that are looked at where it is nobody's."""
MOST_NEAR = 3
"""Names that are suggested for one that nobody knows."""
LIKE = 0.5
"""From which likeness on one name may have been meant by another that shares no word with it."""
WORD = re.compile(r"[^/\s:_-]*[a-z][^/\s:_-]*")


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of `models.json`, in the order of which lists of models show it."""

    id: str
    """What clients ask for: the vendor, a slash, and the vendor's name of it."""
    name: str
    """For people."""
    description: str
    identifier: str
    """The application's `model_preference`."""
    mode: str
    """The application's `mode`."""
    tier: str
    """The subscription that it needs: pro or max."""


def find(name: str) -> Model | None:
    """The model of an id, or of an id without its vendor where no other model is called so; None for no model's."""
    return _by_name().get(name)


def id_of(identifier: str) -> str:
    """The id of the model that the application calls so; the identifier itself if it is nobody's."""
    model = _by_identifier().get(identifier)
    return model.id if model is not None else identifier


def nearest(name: str) -> list[str]:
    """Ids that have words of a name or look like it, the likeliest first; without any, those that do for everything.

    Numbers do not count as words: of two models of a family it is not the version that makes them alike.
    """
    from difflib import SequenceMatcher  # slow to import, and needed only when something is wrong

    wanted = name.strip().lower()[:LONGEST]
    words = _words(wanted)
    ranks: dict[str, tuple[int, float]] = {}
    for known, model in _by_name().items():
        shared, likeness = len(words & _words(known)), SequenceMatcher(None, wanted, known).ratio()
        if shared or likeness >= LIKE:
            ranks[model.id] = max(ranks.get(model.id, (0, 0.0)), (shared, likeness))
    found = sorted(ranks, key=lambda id: ranks[id], reverse=True)
    return found[:MOST_NEAR] or [model.id for model in all_models()[:MOST_NEAR]]


@cache
def all_models() -> tuple[Model, ...]:
    """The catalogue. Source: the model menu of www.perplexity.ai."""
    return tuple(Model(**entry) for entry in orjson.loads(files(__package__).joinpath("models.json").read_bytes()))


@cache
def _by_name() -> Mapping[str, Model]:
    slugs = Counter(_slug(model) for model in all_models())
    short = {_slug(model): model for model in all_models() if slugs[_slug(model)] == 1}
    return short | {model.id: model for model in all_models()}


@cache
def _by_identifier() -> Mapping[str, Model]:
    return {model.identifier: model for model in all_models()}


def _slug(model: Model) -> str:
    return model.id.rpartition("/")[2]


def _words(name: str) -> set[str]:
    return set(WORD.findall(name))
