"""`GET …/models` and `GET …/models/{id}`: what a client of this listener can ask for, in the dialect that it speaks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import parse_qsl, unquote

from ccproxy.config import Transform
from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.live_models import LIMIT_SECONDS, LiveModels
from ccproxy.gateway.local_routes import Answer, json_reply, only
from ccproxy.gateway.refusals import unknown_provider
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.rules import matches
from ccproxy.providers.catalog import Model, find_model, known_models, unique
from ccproxy.providers.endpoint import guess_dialect
from ccproxy.providers.model_lists import ENTRIES, LISTS, BadPage
from ccproxy.providers.provider import Provider

PATH = re.compile(r"(?:/anthropic|/gemini)?(?:/v1(?:beta|alpha)?)?/models(?:/(?P<id>.+))?")
LITERAL = re.compile(r"\^((?:[\w/:@.-]|\\[.-])+)\$")
"""A pattern that matches one name only, but for dots that stand for themselves."""
GET = ("GET",)

type Models = list[Model]
type _Answer = Callable[[], Reply]


class ModelRoutes:
    """Answers from the configured providers' own lists, and from the catalogue where there is none."""

    def __init__(self, providers: Mapping[str, Provider], transforms: Sequence[Transform], live: LiveModels) -> None:
        self._providers, self._transforms, self._live = providers, transforms, live

    def find(self, inquiry: Inquiry) -> Answer | None:
        """Who answers; None if it is another's. Raises Refused: 405 for another method than GET."""
        if "/models" not in inquiry.path or not is_name(inquiry):
            return None
        found = PATH.fullmatch(inquiry.path)
        if found is None or (found["id"] and self._is_the_providers_own(inquiry)):
            return None
        inquiry.endpoint = inquiry.exchange.format = None
        only(GET, inquiry)
        return self.one if found["id"] else self.all

    def all(self, inquiry: Inquiry) -> Reply | Awaitable[Reply]:
        """The list. Raises Refused."""

        def answer() -> Reply:
            return json_reply(LISTS[dialect(inquiry)](self.models(inquiry), query))

        query = parameters(inquiry)
        return self._when_asked(inquiry, answer, refresh=query.get("refresh", "").lower() in {"true", "1"})

    def one(self, inquiry: Inquiry) -> Reply | Awaitable[Reply]:
        """The entry of one model. Raises Refused."""
        found = PATH.fullmatch(inquiry.path)
        assert found is not None
        id = unquote(found["id"])

        def answer() -> Reply:
            owners = self._meant(inquiry)
            known = [*self.models(inquiry), *(each for owner in owners for each in known_models(owner))]
            model = find_model(known, id, owners)
            if model is None:
                message = f"no provider here is known to serve the model {id!r}: GET /v1/models lists those that are"
                raise Refused(404, "model_not_found", message)
            return json_reply(ENTRIES[dialect(inquiry)](model))

        return self._when_asked(inquiry, answer)

    def models(self, inquiry: Inquiry) -> Models:
        """What this client can ask for, by what is known now. Raises Refused."""
        served = [each for provider in self._meant(inquiry) for each in self._of(provider)]
        return unique([*self._named_by_rules(), *served])

    def _of(self, provider: Provider) -> Models:
        told = self._live.models(provider)
        return known_models(provider) if told is None else told

    def _meant(self, inquiry: Inquiry) -> list[Provider]:
        """The provider of the client's key; all of them for a client without one. Raises Refused."""
        name = inquiry.sentinel
        if name is None:
            return list(self._providers.values())
        if name not in self._providers:
            raise unknown_provider("the sentinel key names", name, self._providers)
        return [self._providers[name]]

    def _named_by_rules(self) -> Models:
        """Names that rules lead to a provider, whatever the key."""
        literal = [(rule, LITERAL.fullmatch(rule.match_model.pattern)) for rule in self._transforms if rule.match_model]
        return [Model(found[1].replace("\\", ""), rule.dest_provider or "") for rule, found in literal if found]

    def _is_the_providers_own(self, inquiry: Inquiry) -> bool:
        """True if a rule or the key leads to a provider that has an answer of its own in this client's dialect."""
        if any(matches(rule, inquiry) for rule in self._transforms):
            return True
        provider = self._providers.get(inquiry.sentinel or "")
        if provider is None:
            return False
        if provider.format is None or provider.models_target() is None:
            return provider.speaks_everything
        return DIALECTS[provider.format] is dialect(inquiry)

    def _when_asked(self, inquiry: Inquiry, answer: _Answer, *, refresh: bool = False) -> Reply | Awaitable[Reply]:
        asking = self._live.ask(self._meant(inquiry), refresh=refresh)
        return _after(asking, answer) if asking else _made(answer)


async def _after(asking: Sequence[asyncio.Task[None]], answer: _Answer) -> Reply:
    await asyncio.wait(asking, timeout=LIMIT_SECONDS)
    return _made(answer)


def _made(answer: _Answer) -> Reply:
    try:
        return answer()
    except BadPage as error:
        raise Refused(400, "invalid_request", str(error)) from error


DIALECTS = {format: WireFormat.OPENAI if format is WireFormat.OPENAI_RESPONSES else format for format in WireFormat}
"""The list that goes with a format."""


def dialect(inquiry: Inquiry) -> WireFormat:
    """The list that this client reads."""
    return DIALECTS[guess_dialect(inquiry.path, inquiry.fields)]


def is_name(inquiry: Inquiry) -> bool:
    """True for a path that looks like a Gemini call and is a model's name with a tag: `GET /v1/models/llama3:8b`."""
    endpoint, method = inquiry.endpoint, inquiry.exchange.request.method
    return endpoint is None or (
        method in {"GET", "HEAD"}
        and endpoint.operation is None
        and inquiry.path.startswith(("/v1/models/", "/models/"))
    )


def parameters(inquiry: Inquiry) -> dict[str, str]:
    """The query's parameters; of duplicates, the last."""
    return dict(parse_qsl(inquiry.query.decode("latin-1"), max_num_fields=100))
