"""Which models providers serve: what is known of public hosts without asking, and what a provider's own list says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.providers.provider import EMBEDDED, Provider

CREATED = 1_767_225_600
"""2026-01-01, for models whose date we do not know: a fixed value, so that the list does not change by itself."""
MOST = 5000
"""Models that are taken of one provider's list."""
LONGEST = 200
"""Characters of an id that is taken."""
SIMULATED = "simulator-1"
GEMINI_NAME = "models/"
"""What stands before an id in Gemini's `name`."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a client can ask for."""

    id: str
    owner: str = ""
    """The name of the provider that serves it."""
    name: str | None = None
    """For people."""
    created: int = CREATED
    """Seconds since the epoch."""
    input_limit: int | None = None
    """Tokens."""
    output_limit: int | None = None
    """Tokens."""
    methods: tuple[str, ...] = ()
    """Gemini's `supportedGenerationMethods`."""


WEB_APPLICATION = "www.perplexity.ai"
"""Wherever a provider of this type is: its models are those of the type."""
VERTEX, LIKE_VERTEX = re.compile(r"([a-z0-9-]+-)?aiplatform\.googleapis\.com"), "cloudcode-pa.googleapis.com"
"""Vertex AI has a host for each region, and serves as Gemini the models that Code Assist does."""


def known_models(provider: Provider) -> list[Model]:
    """The models that a provider's host is known to serve; none for hosts that we do not know. Asks nobody."""
    host = provider.origin.host
    if provider.format is WireFormat.GEMINI and VERTEX.fullmatch(host):
        host = LIKE_VERTEX
    if provider.format is WireFormat.PERPLEXITY:
        host = WEB_APPLICATION
    return [replace(model, owner=provider.name) for model in known_hosts().get(host, ())]


def find_model(models: Iterable[Model], id: str, providers: Iterable[Provider]) -> Model | None:
    """The model of an id; of Perplexity's, an id without its vendor will do where one model only is called so."""
    known = list(models)
    short = {provider.name for provider in providers if provider.format is WireFormat.PERPLEXITY}
    called = {each.id: each for each in known if each.owner in short and each.id.rpartition("/")[2] == id}
    only = next(iter(called.values())) if len(called) == 1 else None
    return next((each for each in known if each.id == id), only)


@cache
def known_hosts() -> dict[str, tuple[Model, ...]]:
    """Models by host, from the file that `tools/model_catalog.py` makes."""
    document = orjson.loads(files(__package__).joinpath("catalog.json").read_bytes())
    hosts = {
        host: tuple(Model(each["id"], name=each["name"], input_limit=each["context"]) for each in listed)
        for host, listed in document.items()
    }
    return hosts | {EMBEDDED.host: (Model(SIMULATED, name="Simulator"),)}


def read_models(body: bytes, owner: str) -> list[Model] | None:
    """The models of a provider's answer, whichever API's it is; None if it is no list of models.

    Lists are in `data` (OpenAI, Anthropic, most others) or in `models` (Gemini, Codex). Items without an id of a sane
    length and kind are left out, and ids that were there before.
    """
    try:
        document = orjson.loads(body)
    except ValueError:
        return None
    items = next((document[key] for key in ("data", "models") if key in document), None) if _is(document) else document
    if not isinstance(items, list):
        return None
    found = [model for item in items[:MOST] if _is(item) and (model := _model(item, owner)) is not None]
    return unique(found) if found or not items else None


def unique(models: Iterable[Model]) -> list[Model]:
    """Each id once: the first that has it counts."""
    by_id: dict[str, Model] = {}
    for model in models:
        by_id.setdefault(model.id, model)
    return list(by_id.values())


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _model(item: dict[str, Any], owner: str) -> Model | None:
    id = _text(item, "id", "slug", "name").removeprefix(GEMINI_NAME)
    if not id or len(id) > LONGEST or not id.isprintable():
        return None
    methods = item.get("supportedGenerationMethods")
    return Model(
        id,
        owner,
        _text(item, "display_name", "displayName", "name").removeprefix(GEMINI_NAME) or None,
        _created(item),
        _number(item, "inputTokenLimit", "max_input_tokens", "context_length", "context_window", "max_model_len"),
        _number(item, "outputTokenLimit", "max_tokens"),
        tuple(each for each in methods if isinstance(each, str)) if isinstance(methods, list) else (),
    )


def _text(item: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := item.get(name), str) and value), "")


def _number(item: dict[str, Any], *names: str) -> int | None:
    return next((value for name in names if type(value := item.get(name)) is int and value > 0), None)


def _created(item: dict[str, Any]) -> int:
    if (told := _number(item, "created")) is not None:
        return told if told < 2**40 else CREATED
    try:
        return int(datetime.fromisoformat(_text(item, "created_at")).timestamp())
    except (ValueError, OverflowError):
        return CREATED
