"""A shape made ready: what is known of it before there is a request is worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from ccproxy.config.shaping import ShapeProfile
from ccproxy.shaping.holes import has_hole
from ccproxy.shaping.merge import REPLACE, Strategy, strategy
from ccproxy.shaping.shape import MODEL, Body, Shape, product
from ccproxy.shaping.shape_hooks import Bound
from ccproxy.shaping.template_fields import IDS, Field, Kind, fields_of, kinds_of, query_of

OWN = (
    "model", "stream", "messages", "input", "contents", "tools", "tool_choice", "toolConfig", "tool_config",
    "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k", "stop",
    "stop_sequences", "generationConfig", "generation_config",
)  # fmt: skip
"""Members that are the caller's whatever a profile says: no shape sets a cap, a temperature or tools."""

SPELLINGS = {
    "systemInstruction": "system_instruction", "toolConfig": "tool_config", "generationConfig": "generation_config",
    "safetySettings": "safety_settings", "cachedContent": "cached_content", "serviceTier": "service_tier",
}  # fmt: skip
"""Members of Gemini's requests that both spellings name: JSON of protocol buffers takes either, and of both at once
says nothing (https://protobuf.dev/programming-guides/json/)."""
OTHERWISE = SPELLINGS | {snake: camel for camel, snake in SPELLINGS.items()}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a shape's body. `strategy` is None for what is the shape's alone."""

    name: str
    value: Any
    strategy: Strategy | None
    holed: bool
    other: str | None = None
    """The name as it is spelled otherwise (`SPELLINGS`)."""

    @property
    def is_id(self) -> bool:
        """Whether it stands for an id, and nothing else."""
        return isinstance(self.value, str) and self.value in IDS


@dataclass(frozen=True, slots=True)
class Layer:
    """An object of a shape's body: the body itself, or the call that is wrapped in it."""

    members: tuple[Member, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    """A shape and its profile, compiled."""

    shape: Shape
    profile: ShapeProfile
    content: Mapping[str, Strategy]
    """The caller's own members, and how they are merged with the shape's."""
    outer: Layer
    inner: Layer | None
    """The call, where the shape has it wrapped."""
    fields: tuple[Field, ...]
    names: frozenset[bytes]
    """Lower-case names of all fields of the shape."""
    added: tuple[tuple[bytes, Kind], ...]
    """Fields of the caller that come behind the shape's where that has them not."""
    query: tuple[tuple[bytes, bytes], ...]
    """Parameters: the name, and `name=value`."""
    client: tuple[str, str] | None
    """The product that its User-Agent names, and the version."""
    hooks: tuple[Bound, ...] = ()
    names_model: bool = False
    """Whether it has a place for the model's name."""


def compile_template(profile: ShapeProfile, shape: Shape, hooks: Sequence[Bound] = ()) -> Template:
    """Makes a shape ready. Whatever its hooks raise as they prepare it comes through."""
    shape = prepared(shape, hooks)
    content = {name: strategy(strategy_of(profile, name)) for name in content_of(profile)}
    wrapped = shape.body.get(profile.wrapped_in) if profile.wrapped_in else None
    fields = tuple(fields_of(shape.headers, profile))
    names = frozenset(field.lower for field in fields)
    added = {name: kind for name, kind in kinds_of(profile).items() if name not in names and kind in ("own", "list")}
    return Template(
        shape,
        profile,
        content,
        outer=layer(shape.body, {**content, profile.wrapped_in: REPLACE} if profile.wrapped_in else content),
        inner=layer(wrapped, content) if isinstance(wrapped, dict) else None,
        fields=fields,
        names=names,
        added=tuple(added.items()),
        query=tuple(query_of(shape)),
        client=product(shape.headers),
        hooks=tuple(hooks),
        names_model=any(MODEL.encode() in field.value for field in fields) or MODEL in str(shape.body),
    )


def prepared(shape: Shape, hooks: Sequence[Bound]) -> Shape:
    """The shape as its profile's hooks want it."""
    body = deepcopy(shape.body)
    for bound in hooks:
        if bound.hook.prepare is not None:
            bound.hook.prepare(body, bound.params)
    return replace(shape, body=body)


def content_of(profile: ShapeProfile) -> list[str]:
    """The members that are the caller's own, in all their spellings."""
    names = dict.fromkeys([*profile.content_fields, *profile.merge_strategies, *OWN])
    return list(names | dict.fromkeys(OTHERWISE[name] for name in names if name in OTHERWISE))


def strategy_of(profile: ShapeProfile, name: str) -> str:
    """How a content field is merged, by the strategy of its other spelling where it has none itself."""
    strategies = profile.merge_strategies
    return strategies.get(name) or strategies.get(OTHERWISE.get(name, ""), "replace")


def layer(body: Body, content: Mapping[str, Strategy | None]) -> Layer:
    """The members of an object of the shape."""
    members = [
        Member(name, value, content.get(name), has_hole(value), OTHERWISE.get(name)) for name, value in body.items()
    ]
    return Layer(tuple(members), frozenset(body))
