"""`@shape_hook`: a step that is done to a shaped request, in the order of a profile's `shape_hooks`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import Headers, WireFormat
from ccproxy.shaping.holes import Hole
from ccproxy.shaping.shape import Body, Shape

if TYPE_CHECKING:
    from pydantic import BaseModel

type Function = Callable[[Work, Any], None]
type Prepare = Callable[[Body, Any], None]


@dataclass(frozen=True, slots=True)
class Incoming:
    """The request that is to be shaped. Nothing of it is changed."""

    body: Mapping[str, Any]
    headers: Headers
    target: bytes = b"/"
    """The request-target that it leaves with."""
    format: WireFormat | None = None
    session: str = ""
    """A key of the session or conversation that it is part of."""
    credentials: frozenset[bytes] = frozenset()
    """Lower-case names of the fields that hold a credential, the client's or the provider's."""
    companions: frozenset[bytes] = frozenset()
    """Lower-case names of the fields that go with the provider's credential."""
    model: Callable[[], str | None] = lambda: None
    """Finds out the model that it asks for, where its body does not name it."""


@dataclass(slots=True)
class Work:
    """A request on its way from the shape to the provider, as shape hooks see and change it.

    Values of the caller and of the shape are shared: what is inside of `body` is copied before it is changed, unless
    its `id` is in `fresh`.
    """

    shape: Shape
    incoming: Incoming
    wrapped: str | None
    """The member of the body that holds the call itself; None where the body does."""
    body: Body = field(default_factory=dict)
    headers: Headers = field(default_factory=list)
    query: list[bytes] = field(default_factory=list)
    """The shape's parameters that the target lacks, each `name=value`."""
    holes: list[Hole] = field(default_factory=list)
    """Where placeholders of the shape stand in the body."""
    fresh: set[int] = field(default_factory=set)
    """The ids of objects and lists in the body that belong to this request alone."""
    session_id: str | None = None
    """The caller's own id of its session, where it sends one in the shape's place for it."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What of the caller's is not sent, by name (`shape.field.NAME`): the client is told."""

    @property
    def call(self) -> Body:
        """The call itself: the body, or what is wrapped in it. It can be changed."""
        inner: Body = self.body if self.wrapped is None else self.body[self.wrapped]
        return inner

    def replace(self, body: Body) -> None:
        """Makes the body this one, in whose order of members it is sent."""
        body = {**body}
        self.body.clear()
        self.body.update(body)


@dataclass(frozen=True, slots=True)
class ShapeHook:
    """A step, by name."""

    name: str
    function: Function
    module: str
    params: type[BaseModel] | None = None
    prepare: Prepare | None = None
    """What is done once to a copy of the shape's body, as the shape is loaded."""

    def __call__(self, work: Work, params: Any = None) -> None:
        self.function(work, params)


@dataclass(frozen=True, slots=True)
class Bound:
    """A step with its parameters."""

    hook: ShapeHook
    params: Any = None


def shape_hook(
    *, params: type[BaseModel] | None = None, prepare: Prepare | None = None
) -> Callable[[Function], ShapeHook]:
    """Makes a shape hook of a function `(work, params)`.

    Args:
        params: a pydantic model; what the configuration says is validated by it, and `params` is an instance of it.
        prepare: done once to the shape's body, with the same parameters.

    Raises TypeError for what is no plain function.
    """

    def decorate(function: Function) -> ShapeHook:
        if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"{function!r} is no plain function: a shape hook waits for nothing")
        return ShapeHook(function.__name__, function, function.__module__, params, prepare)

    return decorate
