"""One hook on one request or answer, without a daemon: for tests of hooks, and `ccproxy hooks run`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.exchange import Exchange, Headers, HookResult, WireFormat
from ccproxy.lightllm.formats import request_module
from ccproxy.pipeline.dag import Graph
from ccproxy.pipeline.executor import run_stage
from ccproxy.pipeline.failures import HookFailed
from ccproxy.pipeline.guesses import guess_answer_format, guess_format
from ccproxy.pipeline.hook import Hook, Stage, Step
from ccproxy.pipeline.pipeline import uses_types
from ccproxy.pipeline.sample import Fields, sample
from ccproxy.pipeline.subject import LocalAnswer, Subject

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ccproxy.lightllm.events import Event


@dataclass(frozen=True, slots=True)
class Trial:
    """What a hook made of a request, or of an answer."""

    result: HookResult
    """How it ended: `outcome` is "ran", "skipped" or "failed"; `reason`, `seconds`, and the paths it `wrote`."""
    body: bytes
    """The body as it goes on: byte for byte what came, if the hook wrote nothing in it, or declares nothing to write
    for an answer."""
    headers: list[tuple[str, str]]
    """The header fields as they go on."""
    exchange: Exchange
    """With the session, the tags and whatever else the hook noted."""
    provider: str | None
    """Whose the request is: the hook's choice if it made one."""
    credential: Headers
    """The fields that the hook put in as the provider's credential."""
    answer: LocalAnswer | None
    """The answer that it gave in place of a provider."""
    events: Sequence[Event]
    """What it left of the events of an answer."""
    error: BaseException | None
    """What it raised; nothing that it did is left then."""
    undeclared: tuple[str, ...]
    """Paths that it read without having declared so."""

    @property
    def document(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return orjson.loads(self.body)

    @property
    def tags(self) -> dict[str, str]:
        """The labels that the exchange has."""
        return self.exchange.tags


def try_hook(  # noqa: PLR0913  all but two of them keywords
    hook: Hook,
    body: dict[str, Any] | list[Any] | bytes | str,
    *,
    format: WireFormat | str | None = None,
    headers: Fields = (),
    params: Mapping[str, Any] | BaseModel | None = None,
    stage: Stage | None = None,
    provider: str | None = None,
    model: str | None = None,
    resources: Mapping[type, Any] | None = None,
    timeout: float = 30.0,
) -> Trial:
    """Runs one hook as the daemon would, guard and all. Not to be called while an event loop runs in this thread.

    Args:
        hook: what `@hook` has made of a function.
        body: of the request, for a response hook of the answer: JSON, or bytes, which may be those of a stream.
        format: "anthropic", "openai", "openai_responses" or "gemini"; None guesses by the body.
        headers: the request's header fields, by name or in order.
        params: as in the configuration; None means the defaults of the hook's parameters.
        stage: one of the hook's; None takes its first.
        provider: whose the request is.
        model: the model asked for; None takes it from the body.
        resources: what the house lends to its own hooks, by type.
        timeout: how many seconds the hook may wait for something.

    Raises:
        ValueError: for parameters that are not valid, a stage that is not the hook's, a format that there is not, an
            answer that cannot be read, and a request that was changed and cannot be written.
    """
    step = Step(hook, stage_of(hook, stage), params_of(hook, params), "fail", hook.overridable, hook.module)
    raw = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else orjson.dumps(body)
    answered = step.stage == "response"
    guess = guess_answer_format if answered else guess_format
    wire = WireFormat(format) if format is not None else guess(raw)
    subject = sample(b"" if answered else raw, wire, headers, model)
    subject.provider, subject.resources = provider, resources or {}
    return asyncio.run(_on_answer(step, subject, raw, timeout) if answered else _on_request(step, subject, timeout))


def stage_of(hook: Hook, stage: Stage | None) -> Stage:
    """The stage to run in. Raises ValueError for one that is not the hook's."""
    if stage is not None and stage not in hook.stages:
        raise ValueError(f"{hook.name} is a hook of the stage {' or '.join(hook.stages)}, not of {stage}")
    return stage or hook.stages[0]


def params_of(hook: Hook, params: Mapping[str, Any] | BaseModel | None) -> Any:
    """The hook's parameters, an instance of its model. Raises ValueError."""
    model = hook.params
    if model is None:
        if params:
            raise ValueError(f"{hook.name} takes no parameters")
        return None
    if isinstance(params, model):
        return params
    return model.model_validate(params or {}, extra=None if "extra" in model.model_config else "forbid")


async def _on_request(step: Step, subject: Subject, patience: float) -> Trial:
    error: BaseException | None = None
    if subject.draft.format is not None and uses_types(step):
        request_module(subject.draft.format)  # its import is not the hook's time
    try:
        await run_stage(Graph(((step,),)), subject, patience)
    except HookFailed as failed:
        error = failed.__cause__
    return _trial(step, subject, _written(subject), (), error)


def _written(subject: Subject) -> bytes:
    try:
        return subject.draft.written_out()
    except TypeError as failure:  # a daemon refuses it
        raise ValueError("the request is nested too deeply to be written after a change") from failure


async def _on_answer(step: Step, subject: Subject, raw: bytes, patience: float) -> Trial:
    from ccproxy.pipeline.answer_trial import AnswerTrial

    if subject.draft.format is None:
        raise ValueError("the answer looks like none of the formats: say which it is")
    trial = AnswerTrial(raw, subject.draft.format)
    await trial.run(step, subject, patience)
    return _trial(step, subject, trial.body, trial.events, trial.error)


def _trial(step: Step, subject: Subject, body: bytes, events: Sequence[Event], error: BaseException | None) -> Trial:
    return Trial(
        result=subject.exchange.hooks[-1],
        body=body,
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in subject.headers],
        exchange=subject.exchange,
        provider=subject.chosen or subject.provider,
        credential=subject.credential or [],
        answer=subject.answer,
        events=events,
        error=error,
        undeclared=tuple(step.undeclared),
    )
