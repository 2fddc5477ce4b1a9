"""What the web application is asked: `POST /rest/sse/perplexity_ask`.

Its payload holds a text and how to answer it: no roles, no tools, no settings of sampling, no format of the output.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import ModelRequest, UserPromptPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity import query
from ccproxy.lightllm.perplexity.follow_up import follow
from ccproxy.lightllm.perplexity.losses import SESSION, count_instructions, count_losses
from ccproxy.lightllm.perplexity.models import LONGEST, Model, find, id_of, nearest
from ccproxy.lightllm.perplexity.own_fields import FIELD, OwnFields, two_places
from ccproxy.lightllm.perplexity.params import make_params

OWN = WireFormat.PERPLEXITY
NO_TIME = datetime.fromtimestamp(0, UTC)


def load(document: Any, model: str | None, stream: bool | None) -> ModelCall:
    """Reads a payload that is about to leave: its text is a prompt, and all else is an extra. Raises InvalidCall.

    The application always answers with a stream, whatever the client wants.
    """
    if not isinstance(document, dict):
        raise InvalidCall("the payload is not a JSON object")
    params, text = document.get("params"), document.get("query_str")
    if not isinstance(params, dict) or not isinstance(text, str):
        raise InvalidCall("a payload has the object `params` and the text `query_str`")
    call = ModelCall(OWN, model or id_of(str(params.get("model_preference") or "")), stream=bool(stream))
    call.messages = [ModelRequest(parts=[UserPromptPart([text], timestamp=NO_TIME)])]
    call.extras = {name: value for name, value in document.items() if name != "query_str"}
    call.wording["query_str"] = text
    return call


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a payload; what it cannot carry is counted in `call.drops`.

    Raises:
        InvalidCall: for a model that the application does not have, a call without a question, fields of the client's
            own (`pplx`) that are not what they should be, and those that want an answer to be in two places.
    """
    if call.origin is OWN:
        return _changed(call)
    model, text = _model(call.model), query.conversation(call)
    own = OwnFields(call.extras.get(FIELD))
    newest = own.get("last_backend_uuid")
    if why := two_places(call.extras.get(FIELD), named=bool(newest or names_thread(call))):
        raise InvalidCall(why, FIELD)
    if not text and not query.files(call) and not own.get("attachments", ()):
        raise InvalidCall("there is nothing to ask: the conversation has no text")
    count_losses(call)
    payload = {"params": make_params(model, text, call.options, own), "query_str": text}
    if not newest:
        return payload
    count_instructions(call, call.drops)
    thread = {"backend_uuid": newest, "read_write_token": own.get("read_write_token")}
    return follow(payload, thread, query.question(call))


def names_thread(call: ModelCall) -> bool:
    """Whether the body of a request names a thread to go on with."""
    places = (call.extras.get(FIELD), call.metadata, call.extras.get("metadata"))
    slugs = (place.get(SESSION) for place in places if isinstance(place, dict))
    return any(isinstance(slug, str) and slug.strip() for slug in slugs)


def _model(name: str) -> Model:
    model = find(name)
    if model is None:
        near = ", ".join(nearest(name))
        shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
        raise InvalidCall(f"Perplexity has no model {shown!r}; there is {near}: GET /v1/models lists all", "model")
    return model


def _changed(call: ModelCall) -> dict[str, Any]:
    """A payload that was read, with what has been changed of its text and model since."""
    count_losses(call)
    document, text = dict(call.extras), query.conversation(call)
    params = dict(document["params"])
    if text != call.wording.get("query_str"):
        params["dsl_query"] = text
    if call.model != id_of(str(params.get("model_preference") or "")):
        model = _model(call.model)
        params |= {"mode": model.mode, "model_preference": model.identifier}
    return {**document, "params": params, "query_str": text}
