"""The models of the web application: what clients call them, and what the application does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import orjson

MOST_NEAR = 3
"""Names that are suggested for one that nobody knows."""
LEAST = 3
"""Letters that tell something of a name."""


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
    """Ids that hold a name or look like it, the likeliest first; without any, those that do for everything."""
    from difflib import get_close_matches  # slow to import, and needed only when something is wrong

    word = name.strip().lower()
    close = get_close_matches(word, _by_name(), n=2 * MOST_NEAR)
    holding = [known for known in _by_name() if len(word) >= LEAST and word in known]
    ids = dict.fromkeys(_by_name()[each].id for each in (*close, *holding))
    return list(ids)[:MOST_NEAR] or [model.id for model in all_models()[:MOST_NEAR]]


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
