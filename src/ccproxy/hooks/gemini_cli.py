"""`gemini_cli`: requests as Code Assist takes them, which has each call of the Gemini API in an envelope of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, ConfigDict

from ccproxy.config.values import Regex, wrong
from ccproxy.exchange import Exchange, Headers, WireFormat, get_header, new_id
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.gemini.envelope import MODELS, Ids, is_wrapped, left_out, own_session
from ccproxy.pipeline.failures import Refusal, Unfit
from ccproxy.pipeline.gemini_envelope import object_of, put_call, put_count, put_model
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.endpoint import Operation, parse_endpoint
from ccproxy.providers.gemini_code_assist import is_code_assist, session_id, with_events
from ccproxy.providers.provider import Provider, ProviderMap, in_path

USER_AGENT, API_CLIENT = b"User-Agent", b"x-goog-api-client"
FIELDS = {USER_AGENT: "headers.user-agent", API_CLIENT: "headers.x-goog-api-client"}
WRITES = ("**", *FIELDS.values())


def _visible(value: str) -> str:
    if not value.strip() or not (value.isascii() and value.isprintable()):
        raise wrong("should be a text that can stand in a header")
    return value.strip()


FieldText = Annotated[str, AfterValidator(_visible)]


class Params(BaseModel):
    """By what name clients go there."""

    model_config = ConfigDict(extra="forbid")

    user_agent: FieldText | None = None
    """Takes the place of the client's `User-Agent`; may hold `{model}`. null leaves the client's."""
    api_client: FieldText | None = None
    """The same for `x-goog-api-client`."""
    for_agents: Regex = re.compile("google-genai-sdk/")
    """Found in the `User-Agent` of those whose fields are replaced."""


def goes_to_code_assist(subject: Subject) -> bool:
    """True for a model call, or a count, in Gemini's format to such a provider."""
    return provider_of(subject) is not None and operation_of(subject) is not None


@native_hook(
    "outbound",
    reads=["**", "headers.*"],
    writes=WRITES,
    guard=goes_to_code_assist,
    on_error="fail",
    late=True,
    params=Params,
)
def gemini_cli(subject: Subject, params: Params) -> tuple[str, ...]:
    """Puts the call into Code Assist's envelope and asks for streams as events; a body that has its envelope stays.

    It runs once all others are done with the request, before `shape`, which so gets to see what leaves.
    Raises Refusal for a body that is no JSON object, and where no model is named.
    """
    provider, operation = provider_of(subject), operation_of(subject)
    if provider is None or operation is None:
        raise Unfit("only calls of models go to Code Assist in an envelope")
    counts, model = operation == "count_tokens", model_of(subject)
    document = object_of(subject.draft, rewritten=provider.shape is not None)
    if is_wrapped(document):
        wrote = named(subject, document, model, counts=counts)
        return (*wrote, *renamed(subject, params, document.get("model") or model))
    if not model:
        raise Refusal(400, "no_model", "the request names no model, neither in its path nor in its body")
    if counts:
        put_count(subject.draft, document, model)
    else:
        ids = ids_of(subject.exchange, provider, model)
        put_call(subject.draft, document, model, replace(ids, session=own_session(document) or ids.session))
    drops = Drops()
    for name in left_out(document, counts=counts):
        drops.add("field", name)
    for name, count in drops.counts.items():
        subject.left_out[name] = subject.left_out.get(name, 0) + count
    subject.target = with_events(subject.target)
    return ("**", *renamed(subject, params, model))


def provider_of(subject: Subject) -> Provider | None:
    """Where it goes, if that is Code Assist."""
    provider: Provider | None = subject.resources[ProviderMap].get(subject.provider) if subject.provider else None
    return provider if is_code_assist(provider) else None


def operation_of(subject: Subject) -> Operation | None:
    """What the client wants; None for what is no call in Gemini's format by now."""
    request = subject.exchange.request
    if request.method != "POST" or subject.draft.format is not WireFormat.GEMINI:
        return None
    endpoint = parse_endpoint(request.path)
    return endpoint.operation if endpoint is not None else None


def model_of(subject: Subject) -> str:
    """The model to ask for, as Code Assist names it; empty where none is named.

    What rules and hooks chose comes before what stands in the client's path, where it may be percent-encoded.
    """
    model = subject.model() or subject.path_model or ""
    endpoint = parse_endpoint(subject.exchange.request.path)
    if endpoint is not None and endpoint.model == model:
        model = unquote(model)
    return model.removeprefix(MODELS)


def named(subject: Subject, document: dict[str, Any], model: str, *, counts: bool) -> tuple[str, ...]:
    """Puts the model into an envelope that has none, if there is one in the path. What was written."""
    if not model or (document["request"] if counts else document).get("model"):
        return ()
    put_model(subject.draft, document, model, counts=counts)
    return ("request.model" if counts else "model",)


def ids_of(exchange: Exchange, provider: Provider, model: str) -> Ids:
    """The ids beside a call. The project is named if it is known, and else asked for, for those who come later."""
    account = provider.code_assist
    if account is not None:
        account.begin()
    project = account.project if account is not None else None
    return Ids(session_id(exchange, model, project), new_id(), project)


def renamed(subject: Subject, params: Params, model: object) -> tuple[str, ...]:
    """Puts in the fields that are configured, if it is a client whose are replaced. What was written."""
    agent = get_header(subject.headers, b"user-agent") or b""
    if not params.for_agents.search(agent.decode("latin-1")):
        return ()
    named = in_path(model) if isinstance(model, str) else ""
    wanted = {USER_AGENT: params.user_agent, API_CLIENT: params.api_client}
    given = {name: text.replace("{model}", named).encode() for name, text in wanted.items() if text is not None}
    for name, value in given.items():
        put(subject.headers, name, value)
    return tuple(FIELDS[name] for name in given)


def put(headers: Headers, name: bytes, value: bytes) -> None:
    """Sets a field where its first stood, or behind the others."""
    places = [place for place, (given, _) in enumerate(headers) if given.lower() == name.lower()]
    if not places:
        headers.append((name, value))
        return
    headers[places[0]] = (headers[places[0]][0], value)
    for place in reversed(places[1:]):
        del headers[place]
