"""A request in the envelope of a shape: the caller's content, the shape's members, header fields and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.exchange import Headers
from ccproxy.pipeline.failures import Refusal
from ccproxy.pipeline.values import MISSING
from ccproxy.shaping.apply_headers import shaped_headers, without_holes
from ccproxy.shaping.failed import hook_failed
from ccproxy.shaping.holes import Hole, close, copied, merged
from ccproxy.shaping.shape import MODEL, SESSION_ID, Body, ShapeError
from ccproxy.shaping.shape_hooks import Bound, Incoming, Work
from ccproxy.shaping.template import Layer, Member, Template
from ccproxy.shaping.template_fields import parameter_name
from ccproxy.shaping.told import LeftOut

PRINTABLE = re.compile(r"[\x21-\x7e]+")
"""Models that a header field can name."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A shaped request."""

    body: Body
    headers: Headers
    target: bytes
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What of the caller's is not in it, by name."""


def fit(template: Template, incoming: Incoming) -> Outgoing:
    """Puts a request into a shape. Changes neither.

    Raises ShapeError where a shape hook fails, Refusal where one refuses the request.
    """
    work = Work(template.shape, incoming, wrapper_of(template, incoming))
    left_out = LeftOut(work.left_out)
    work.body = Fitting(template, work, left_out).body()
    work.headers = shaped_headers(template, work, left_out)
    work.query = lacking(template, incoming.target)
    work.fresh.add(id(work.body))
    for bound in template.hooks:
        run(bound, work)
    if template.names_model:
        put_model(work)
    close(work.holes)
    return Outgoing(work.body, without_holes(work), with_query(incoming.target, work.query), work.left_out)


def run(bound: Bound, work: Work) -> None:
    """One shape hook. Raises ShapeError, and Refusal where the hook refuses the request."""
    try:
        bound.hook(work, bound.params)
    except (ShapeError, Refusal):
        raise
    except (Exception, SystemExit) as error:
        raise hook_failed(bound.hook, error) from error


def put_model(work: Work) -> None:
    """Puts the model that is asked for in its places; they stay as they are, and are left out, if it is not known."""
    call = work.body.get(work.wrapped) if work.wrapped is not None else None
    named = (body.get("model") for body in (work.body, call) if isinstance(body, dict))
    model = next((name for name in named if isinstance(name, str) and name), None) or work.incoming.model()
    if model is None or not PRINTABLE.fullmatch(model):
        return
    for hole in work.holes:
        hole.fill(MODEL, lambda: model)
    work.headers[:] = [(name, value.replace(MODEL.encode(), model.encode())) for name, value in work.headers]


def wrapper_of(template: Template, incoming: Incoming) -> str | None:
    """The member in which a request has its call; None if it is not wrapped."""
    name = template.profile.wrapped_in
    return name if name is not None and isinstance(incoming.body.get(name), dict) else None


class Fitting:
    """Puts one body together."""

    def __init__(self, template: Template, work: Work, left_out: LeftOut) -> None:
        self._template, self._work, self._left_out = template, work, left_out

    def body(self) -> Body:
        """The whole of it."""
        template, own, name = self._template, self._work.incoming.body, self._work.wrapped
        inner = template.inner or template.outer
        if name is None:
            return self._laid(inner, own)
        call = self._laid(inner, own[name])
        self._work.fresh.add(id(call))
        wrapping = {**own, name: call}
        return self._laid(template.outer, wrapping) if template.inner is not None else wrapping

    def _laid(self, layer: Layer, own: Mapping[str, Any]) -> Body:
        """The members of the shape, then the caller's others."""
        made: Body = {}
        others: set[str] = set()
        for member in layer.members:
            given = own.get(member.name, MISSING)
            if given is MISSING and member.other is not None and member.other in own:
                given, others = own[member.other], {*others, member.other}
            place = self._envelope if member.strategy is None else self._content
            value = place(made, member, given)
            if value is not MISSING:
                made[member.name] = value
        for name, value in own.items():
            if name in layer.names or name in others:
                continue
            if self._may_follow(name):
                made[name] = value
            else:
                self._left_out.field(name)
        return made

    def _envelope(self, made: Body, member: Member, given: Any) -> Any:
        """A member that is the shape's; an id that the caller has itself stays its own."""
        if member.is_id and isinstance(given, str) and given:
            if member.value == SESSION_ID:
                self._work.session_id = given
            return given
        if given is not MISSING and given != member.value:
            self._left_out.field(member.name)
        if member.holed and isinstance(member.value, str):
            self._work.holes.append(Hole(made, member.name))
        return self._of_shape(member)

    def _content(self, made: Body, member: Member, given: Any) -> Any:
        """A member that is the caller's, by its strategy."""
        assert member.strategy is not None
        if member.strategy.name == "drop" and given is not MISSING:
            self._left_out.field(member.name)
        shape = self._of_shape(member) if member.strategy.takes_shape else MISSING
        value = member.strategy.apply(shape, given, self._work.incoming.format)
        if value is not given and isinstance(value, str) and member.holed:
            self._work.holes.append(Hole(made, member.name))
        elif value is not given and value is not shape:
            self._work.fresh.add(id(value))
            if member.holed:
                merged(value, given, self._work.holes, self._work.fresh)
        return value

    def _of_shape(self, member: Member) -> Any:
        return copied(member.value, self._work.holes, self._work.fresh) if member.holed else member.value

    def _may_follow(self, name: str) -> bool:
        """Whether a member of the caller that the shape has not is sent."""
        strategy = self._template.content.get(name)
        if strategy is not None:
            return strategy.name != "drop"
        return self._template.profile.unknown_fields == "keep" or name == self._work.wrapped


def lacking(template: Template, target: bytes) -> list[bytes]:
    """The shape's parameters that a request-target has not."""
    if not template.query:
        return []
    names = {parameter_name(pair) for pair in target.partition(b"?")[2].split(b"&")}
    return [pair for name, pair in template.query if name not in names]


def with_query(target: bytes, query: list[bytes]) -> bytes:
    """A request-target with more parameters, before its own."""
    if not query:
        return target
    path, _, own = target.partition(b"?")
    return path + b"?" + b"&".join([*query, own] if own else query)
