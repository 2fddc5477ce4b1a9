"""How `gemini_cli` puts a body into Code Assist's envelope: around its own bytes, where no hook has changed them."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.envelope import FOREIGN, MODELS, SESSION, Ids, wrap_call, wrap_count
from ccproxy.lightllm.gemini.enveloping import enveloped, object_with, request_with, turns_of, without_numbers
from ccproxy.pipeline.draft import Draft, NotJson
from ccproxy.pipeline.failures import Refusal
from ccproxy.pipeline.json_text import read, write

MODEL = "model"
TOO_LARGE = "number is infinity"
"""What orjson says of a number such as `1E400`, which JSON has and no program can calculate with."""


def object_of(draft: Draft, *, rewritten: bool) -> dict[str, Any]:
    """The body. Raises Refusal where it is no JSON object.

    One with numbers that are too large to be read has null in their places, unless it is `rewritten` after this.
    """
    try:
        document = draft.document()
    except NotJson as error:
        document = _without_numbers(draft) if TOO_LARGE in str(error) and not rewritten else None
        if document is None:
            raise Refusal(400, "invalid_json", str(error)) from error
    if not isinstance(document, dict):
        raise Refusal(400, "invalid_json", "the request body is not a JSON object")
    return document


def _without_numbers(draft: Draft) -> Any:
    try:
        return read(without_numbers(draft.decoded()))[0]
    except ValueError:
        return None


def put_call(draft: Draft, document: dict[str, Any], model: str, ids: Ids) -> None:
    """Wraps a call: what its envelope holds of it stays byte for byte, unless it was changed."""
    whole = wrap_call(document, model, ids)
    if draft.changed:
        draft.replace(whole)
        return
    outer = {name: value for name, value in whole.items() if name != "request"}
    call = object_with(draft.decoded(), FOREIGN, last=_member(SESSION, ids.session))
    draft.respell(enveloped(write(outer), call), whole)


def put_count(draft: Draft, document: dict[str, Any], model: str) -> None:
    """Wraps what is to be counted."""
    whole = wrap_count(document, model)
    if draft.changed:
        draft.replace(whole)
        return
    name = write(whole["request"][MODEL])
    draft.respell(b'{"request":{"model":%b,"contents":%b}}' % (name, turns_of(draft.decoded())), whole)


def put_model(draft: Draft, document: dict[str, Any], model: str, *, counts: bool) -> None:
    """Names the model in an envelope that names none, where Code Assist looks for it."""
    named = {MODEL: MODELS + model if counts else model}
    whole = {**document, "request": named | _unnamed(document["request"])} if counts else named | _unnamed(document)
    if draft.changed:
        draft.replace(whole)
        return
    change = request_with if counts else object_with
    draft.respell(change(draft.decoded(), {MODEL}, first=_member(MODEL, named[MODEL])), whole)


def _unnamed(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != MODEL}


def _member(name: str, value: str) -> bytes:
    return write(name) + b":" + write(value)
