"""Lists of models as the APIs have them, with their ways to ask for a part.

Sources: platform.openai.com/docs/api-reference/models, docs.anthropic.com/en/api/models-list,
ai.google.dev/api/models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.providers.catalog import GEMINI_NAME, Model

type Document = dict[str, Any]
type Query = Mapping[str, str]

METHODS = ("generateContent", "streamGenerateContent", "countTokens")
"""What every model can be asked for in Gemini's API, translated where need be."""
MOST = 1000
"""Entries of a page, in Anthropic's API and in Gemini's."""


class BadPage(Exception):
    """The part that is asked for makes no sense; the message says why."""


def openai_list(models: Sequence[Model], query: Query) -> Document:
    """All of them: this API has no pages."""
    return {"object": "list", "data": [openai_model(model) for model in models]}


def openai_model(model: Model) -> Document:
    """One model."""
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owner}


def anthropic_list(models: Sequence[Model], query: Query) -> Document:
    """The models after `after_id`, or before `before_id`, `limit` of them; all where no limit is given."""
    size = number(query, "limit", MOST)
    ids = [model.id for model in models]
    if "before_id" in query:
        end = place(ids, query["before_id"], "before_id")
        begin = max(0, end - size)
        more = begin > 0
    else:
        begin = place(ids, query["after_id"], "after_id") + 1 if "after_id" in query else 0
        end = begin + size
        more = end < len(models)
    data = [anthropic_model(model) for model in models[begin:end]]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"data": data, "has_more": more, "first_id": first, "last_id": last}


def anthropic_model(model: Model) -> Document:
    """One model."""
    created = datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    limits = {"max_input_tokens": model.input_limit, "max_tokens": model.output_limit}
    told = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "model", "id": model.id, "display_name": model.name or model.id, "created_at": created, **told}


def gemini_list(models: Sequence[Model], query: Query) -> Document:
    """The models from `pageToken` on, `pageSize` of them; all where no size is given."""
    size = number(query, "pageSize", MOST, clip=True)
    begin = 0
    if token := query.get("pageToken"):
        if not token.isascii() or not token.isdigit() or len(token) > len(str(len(models))):
            raise BadPage(f"pageToken {token!r} is none that this list has given")
        begin = int(token)
    end = begin + size
    page: Document = {"models": [gemini_model(model) for model in models[begin:end]]}
    return page | ({"nextPageToken": str(end)} if end < len(models) else {})


def gemini_model(model: Model) -> Document:
    """One model."""
    limits = {"inputTokenLimit": model.input_limit, "outputTokenLimit": model.output_limit}
    return {
        "name": GEMINI_NAME + model.id,
        "version": "",
        "displayName": model.name or model.id,
        **{name: limit for name, limit in limits.items() if limit is not None},
        "supportedGenerationMethods": list(model.methods or METHODS),
    }


LISTS: dict[WireFormat, Callable[[Sequence[Model], Query], Document]] = {
    WireFormat.OPENAI: openai_list,
    WireFormat.ANTHROPIC: anthropic_list,
    WireFormat.GEMINI: gemini_list,
}
"""By dialect. Each may raise BadPage."""
ENTRIES: dict[WireFormat, Callable[[Model], Document]] = {
    WireFormat.OPENAI: openai_model,
    WireFormat.ANTHROPIC: anthropic_model,
    WireFormat.GEMINI: gemini_model,
}
"""By dialect: what `GET …/models/{id}` answers."""


def number(query: Query, name: str, most: int, *, clip: bool = False) -> int:
    """A parameter of 1 to `most`, which it is if not given. Raises BadPage; with `clip` more stands for the most."""
    given = query.get(name) or str(most)
    value = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    if value < 1 or (value > most and not clip):
        raise BadPage(f"{name} is to be a number from 1 to {most}, not {given!r}")
    return min(value, most)


def place(ids: Sequence[str], id: str, name: str) -> int:
    """Where an id stands in a list. Raises BadPage."""
    try:
        return ids.index(id)
    except ValueError:
        raise BadPage(f"{name} {id!r} is no model of this list") from None
