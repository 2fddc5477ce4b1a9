"""Changing one value of a JSON body and nothing else."""

from __future__ import annotations

import re
from typing import Any

from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.lightllm.gemini.envelope import MODELS, is_wrapped
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.json_text import read, write
from ccproxy.providers.endpoint import Endpoint

STRING_MEMBER = re.compile(rb'"model"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*")')
MODEL = b'"model"'
ESCAPED = re.compile(rb'"[model]*\\u[^"]{0,40}"\s*:')
"""What may be the name `model`, spelled otherwise."""
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]')
"""A string whole, so that nothing in it counts, or a structural character (RFC 8259 §2)."""


def set_model(inquiry: Inquiry, model: str) -> None:
    """Puts another model into the body of a request. Bytes that no hook has changed are kept, but for the model's.

    A main call gets the model in any case. Beside it, such as for uploads, only a model that is there is replaced.

    Raises:
        Refused: for a main call whose body is not a JSON object.
    """
    main = is_main(inquiry.endpoint)
    try:
        document = inquiry.document()
    except Refused:
        if main:
            raise
        return
    if not isinstance(document, dict):
        if main:
            raise Refused(400, "invalid_json", "the request body is not a JSON object, so its model cannot be set")
        return
    if inquiry.endpoint is not None and inquiry.endpoint.operation == "count_tokens" and is_wrapped(document):
        _set_inner(inquiry.draft, document, MODELS + model.removeprefix(MODELS))
    elif main or "model" in document:
        _set(inquiry.draft, document, model)


def is_main(endpoint: Endpoint | None) -> bool:
    """True for the calls of an API that are asked of a model. Code Assist has others on like paths."""
    if endpoint is None or endpoint.rest:
        return False
    return endpoint.action is None or endpoint.operation is not None


def _set(draft: Draft, document: dict[str, Any], model: str) -> None:
    if document.get("model") == model:
        return
    if draft.changed:
        document["model"] = model
        draft.touch()
    else:
        draft.respell(replace_model(draft.decoded(), document, model), document | {"model": model})


def _set_inner(draft: Draft, document: dict[str, Any], model: str) -> None:
    """The same for what Code Assist counts, which has the model inside of the envelope."""
    inner = document["request"]
    if inner.get("model") == model:
        return
    if draft.changed:
        inner["model"] = model
        draft.touch()
        return
    body = draft.decoded()
    start, end = top_level_value(body, "request")
    changed = body[:start] + replace_model(body[start:end], inner, model) + body[end:]
    draft.respell(changed, document | {"request": inner | {"model": model}})


def replace_model(body: bytes, document: dict[str, Any], model: str) -> bytes:
    """The body with the value of its top-level `model` replaced and all other bytes kept.

    A body without a `model` gets one as its first member.

    Args:
        body: valid JSON, an object.
        document: the same, parsed.
        model: the new value.
    """
    if document.get("model") == model:
        return body
    value = write(model)
    if "model" not in document:
        at = body.index(b"{") + 1
        return body[:at] + b'"model":' + value + (b"," if document else b"") + body[at:]
    first = STRING_MEMBER.search(body)
    if first is not None:
        changed = body[: first.start(1)] + value + body[first.end(1) :]
        if is_only_model(body, first.start()):
            return changed
        # Mostly this is it all the same; parsing again tells, for less than looking at every token.
        if read(changed)[0] == document | {"model": model}:
            return changed
    start, end = top_level_value(body, "model")
    return body[:start] + value + body[end:]


def is_only_model(body: bytes, at: int) -> bool:
    """True if the member `model` at a place is surely the outermost object's own, and no other has that name.

    What comes before it holds no object and no array but the outermost, and no text that could look like one.
    """
    before = body[:at]
    if before.count(b"{") != 1 or b"[" in before or b"\\" in before:
        return False
    return body.count(MODEL) == 1 and ESCAPED.search(body) is None


def top_level_value(body: bytes, key: str) -> tuple[int, int]:
    """Where the value of a member of the outermost object stands; of duplicates the last, which is the one that counts.

    Raises KeyError if there is no such member. `body` must be valid JSON, an object.
    """
    depth, name, begin, found = 0, b"", 0, None
    for match in TOKEN.finditer(body):
        token = match[0]
        if token[0] == QUOTE:
            name = token
        elif token in b"{[":
            depth += 1
        elif depth == 1 and token == b":":
            begin = match.end() if read(name)[0] == key else 0
        elif token in b",]}":
            if depth == 1 and begin:
                found, begin = (begin, match.start()), 0
            depth -= token != b","
    if found is None:
        raise KeyError(key)
    start, end = found
    value = body[start:end]
    return end - len(value.lstrip()), start + len(value.rstrip())


QUOTE = ord('"')
