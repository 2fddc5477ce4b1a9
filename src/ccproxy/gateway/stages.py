"""The hooks of an exchange: which of them run, on what, and what the gateway takes from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from ccproxy.exchange import Headers
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.translation.request import load_types
from ccproxy.pipeline.executor import run_stage
from ccproxy.pipeline.failures import InvalidOverride
from ccproxy.pipeline.overrides import HEADER, Override, parse_override
from ccproxy.pipeline.response import ResponseRun
from ccproxy.pipeline.subject import LocalAnswer, Subject, Translated

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.pipeline.draft import Draft
    from ccproxy.pipeline.hook import Stage
    from ccproxy.pipeline.pipeline import Pipeline

FIELD = HEADER.encode()
type Who = Literal["loopback", "anybody", "nobody"]


class Stages:
    """Begins the run of hooks for each exchange, with the pipeline that is in force at that moment."""

    def __init__(
        self,
        pipeline: Callable[[], Pipeline],
        overrides_from: Who = "loopback",
        resources: Mapping[type, Any] | None = None,
        absent: frozenset[str] = frozenset(),
    ) -> None:
        self._pipeline, self._who, self._absent = pipeline, overrides_from, absent
        self._resources = resources or {}

    def begin(self, inquiry: Inquiry) -> HookRun:
        """The run of an exchange's hooks. Raises Refused for an override that cannot be, or is not for this client."""
        pipeline = self._pipeline()
        override = self._override(inquiry, pipeline) if FIELD in inquiry.fields else None
        return HookRun(pipeline, override, self._resources)

    def _override(self, inquiry: Inquiry, pipeline: Pipeline) -> Override:
        if not may_override(self._who, inquiry.exchange.client):
            raise Refused(403, "override_refused", f"{HEADER} is not taken from this client (hooks.overrides_from)")
        said = b",".join(value for name, value in inquiry.headers if name.lower() == FIELD)
        try:
            return parse_override(said.decode("latin-1"), pipeline.steps, self._absent)
        except InvalidOverride as error:
            raise Refused(400, "invalid_override", str(error)) from error


class HookRun:
    """The hooks of one exchange, stage by stage."""

    __slots__ = ("_override", "_pipeline", "_resources")

    def __init__(self, pipeline: Pipeline, override: Override | None, resources: Mapping[type, Any]) -> None:
        self._pipeline, self._override, self._resources = pipeline, override, resources

    def may_run(self, stage: Stage, name: str) -> bool:
        """True if a stage has a hook of this name, and the client has not switched it off."""
        off = self._override is not None and name in self._override.without
        return not off and any(step.name == name for step in self._pipeline.graphs[stage].steps)

    async def inbound(self, inquiry: Inquiry) -> LocalAnswer | None:
        """Runs the hooks that come before the route. Raises HookFailed.

        Returns:
            The answer, if a hook gave one; else `inquiry` has what they changed.
        """
        graph = self._pipeline.graphs["inbound"]
        if not graph.levels:
            return None
        subject = subject_of(inquiry, inquiry.draft, inquiry.headers, self._resources)
        subject.provider = inquiry.sentinel
        if "inbound" in self._pipeline.typed and subject.is_call:
            await load_types()
        await run_stage(graph, subject, self._pipeline.timeout, self._override)
        inquiry.chosen = subject.chosen
        if subject.headers != inquiry.headers:
            inquiry.put_headers(subject.headers)
        return subject.answer

    async def outbound(
        self, inquiry: Inquiry, plan: Plan, draft: Draft, headers: Headers, translated: Translated | None = None
    ) -> Subject:
        """Runs the hooks that come before the request leaves. Raises HookFailed.

        Args:
            inquiry: the client's request.
            plan: where it goes.
            draft: the body that is to be sent, in the provider's format.
            headers: the fields that are to be sent.
            translated: what the request was before it was translated, if it was.

        Returns:
            What they left: headers, credential, and an answer, if one was given. The body is in `draft`.
        """
        subject = subject_of(inquiry, draft, headers, self._resources)
        subject.provider = plan.provider.name if plan.provider is not None else None
        subject.target, subject.translated = plan.target, translated
        if plan.model is not None:
            subject.model = lambda: plan.model
        if plan.translate is not None:
            subject.path_model, subject.stream = plan.model, inquiry.wants_stream()
        elif subject.path_model is not None:
            subject.path_model = plan.model or unquote(subject.path_model)
        if "outbound" in self._pipeline.typed and subject.is_call:
            await load_types()
        await run_stage(self._pipeline.graphs["outbound"], subject, self._pipeline.timeout, self._override)
        return subject

    def response(self, inquiry: Inquiry, plan: Plan) -> ResponseRun | None:
        """The hooks for the events of the answer; None if there are none."""
        graph, endpoint = self._pipeline.graphs["response"], inquiry.endpoint
        if not graph.levels or endpoint is None or endpoint.operation != "generate":
            return None
        subject = subject_of(inquiry, inquiry.draft, inquiry.headers, self._resources)
        subject.provider = plan.provider.name if plan.provider is not None else None
        return ResponseRun(graph.steps, subject, self._pipeline.timeout, self._override)


def subject_of(inquiry: Inquiry, draft: Draft, headers: Headers, resources: Mapping[type, Any]) -> Subject:
    """What hooks work on, for a request as it is."""
    endpoint = inquiry.endpoint
    in_path = endpoint is not None and endpoint.action is not None
    return Subject(
        inquiry.exchange,
        draft,
        list(headers),
        inquiry.model,
        path_model=endpoint.model if endpoint is not None else None,
        stream=endpoint.streams if in_path and endpoint is not None else None,
        is_call=endpoint is not None and endpoint.operation is not None,
        resources=resources,
    )


def may_override(who: Who, client: tuple[str, int] | None) -> bool:
    """True if a client at this address has a say in which hooks run."""
    if who == "loopback":
        return client is not None and is_loopback(client[0])
    return who == "anybody"


def is_loopback(host: str) -> bool:
    """True for an address of this machine only, IPv4 in IPv6 included."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
